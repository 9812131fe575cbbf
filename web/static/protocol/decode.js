/** From a frame to a typed event. */

import { boolean, DecodeError, integer, list, literal, mapping, nullable, number, object, oneOf, optional, record, ref, string } from "./check.js";

/** @import { ServerEvent } from "./types.js" */
/** @import { Check } from "./check.js" */

const participant = object({
  id: string,
  epoch: integer,
  name: string,
  microphone: boolean,
  camera: boolean,
  connection: oneOf("present", "reconnecting"),
  joined_at: number,
  screens: list(integer),
});

const message = object({ id: integer, participant: string, name: string, text: string, at: number });

const iceServer = object({ urls: list(string), username: optional(string), credential: optional(string) });

const signalLevel = oneOf(1, 2, 3, 4);

// A kind that this page does not know is for a newer one.
const problem = { kind: string, participant: nullable(string), direction: nullable(oneOf("uplink", "downlink")), source: nullable(string) };

/** @type {{[T in ServerEvent["type"]]: Check<Extract<ServerEvent, {type: T}>>}} */
const decoders = {
  joined: object({
    type: literal("joined"),
    ref,
    seq: integer,
    protocol: integer,
    room: string,
    you: string,
    participants: list(participant),
    messages: list(message),
    media: boolean,
    media_port: integer,
    media_session: integer,
    token: string,
    heartbeat: number,
    ice_servers: list(iceServer),
    screens: integer,
  }),
  resumed: object({
    type: literal("resumed"),
    ref,
    seq: integer,
    media: boolean,
    media_session: integer,
    ice_servers: list(iceServer),
  }),
  ok: object({ type: literal("ok"), ref }),
  published: object({ type: literal("published"), ref, sdp: string }),
  error: object({ type: literal("error"), ref, code: string, message: string }),

  participant_joined: object({ type: literal("participant_joined"), seq: integer, participant }),
  participant_updated: object({ type: literal("participant_updated"), seq: integer, participant }),
  participant_left: object({ type: literal("participant_left"), seq: integer, id: string, name: string, reason: string }),
  chat: object({ type: literal("chat"), seq: integer, message }),

  skipped: object({ type: literal("skipped"), seq: integer }),
  offer: object({
    type: literal("offer"),
    offer: integer,
    sdp: string,
    tracks: mapping(object({ participant: string, source: string })),
  }),
  ice_servers: object({ type: literal("ice_servers"), ice_servers: list(iceServer) }),
  media_lost: object({ type: literal("media_lost"), message: string, retry_after: optional(number) }),
  media_restored: object({ type: literal("media_restored"), media_session: integer }),
  video_paused: object({
    type: literal("video_paused"),
    participant: string,
    source: string,
    reason: oneOf("bandwidth", "layout", "codec"),
  }),
  video_resumed: object({ type: literal("video_resumed"), participant: string, source: string }),
  layers: object({ type: literal("layers"), mid: string, rids: list(string) }),
  republish: object({ type: literal("republish") }),
  speakers: object({ type: literal("speakers"), speaking: list(string), spoke: list(string) }),
  report_wanted: object({ type: literal("report_wanted") }),
  signal: object({
    type: literal("signal"),
    participant: string,
    level: signalLevel,
    uplink: nullable(signalLevel),
    downlink: nullable(signalLevel),
    since: number,
  }),
  problem: object({
    type: literal("problem"),
    ...problem,
    severity: oneOf("mild", "severe"),
    since: number,
    concerns: list(string),
    figures: mapping(number),
  }),
  problem_over: object({ type: literal("problem_over"), ...problem }),
  ping: object({ type: literal("ping"), n: integer, rtt: nullable(number) }),
  server_stopping: object({ type: literal("server_stopping"), message: string, stops_in: number, back_in: number }),
};

/** Every type of event this page understands. */
export const eventTypes = Object.freeze(Object.keys(decoders));

/**
 * @param {unknown} value
 * @returns {ServerEvent | null} null for a type this page does not know and so ignores
 * @throws {DecodeError}
 */
export function decodeEvent(value) {
  const type = string(record(value, "").type, "type");
  if (!Object.hasOwn(decoders, type)) return null;
  return decoders[/** @type {ServerEvent["type"]} */ (type)](value, "");
}

/**
 * @param {unknown} frame what a websocket delivered
 * @returns {ServerEvent | null}
 * @throws {DecodeError}
 */
export function decodeFrame(frame) {
  if (typeof frame !== "string") throw new DecodeError("", "text");
  let value;
  try {
    value = JSON.parse(frame);
  } catch {
    throw new DecodeError("", "JSON");
  }
  return decodeEvent(value);
}
