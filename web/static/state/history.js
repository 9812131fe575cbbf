/** What went and came in the last two minutes, from counters that only grow. Pure. */

import { pictureOf } from "./screens.js";

/** @import { Counted, Downlink, Received, Sent, Uplink } from "../rtc/stats.js" */

/** Milliseconds. */
export const SPAN = 120_000;
/** Two counts that are closer say nothing of a rate. */
const LEAST = 300;

/**
 * @typedef {{at: number, value: number | null}} Point
 * @typedef {object} Own bits a second, shares and seconds
 * @property {Point[]} sending
 * @property {Point[]} receiving
 * @property {Point[]} lostSending
 * @property {Point[]} lostReceiving
 * @property {Point[]} roundTrip
 *
 * @typedef {object} Layer
 * @property {string} kind
 * @property {string} layer
 * @property {number} height
 * @property {number} fps
 * @property {number} bitrate
 *
 * @typedef {object} Coming what comes of one person, or of one screen
 * @property {Point[]} bitrate
 * @property {Point[]} lost
 * @property {Point[]} height of the picture: which layer it is
 * @property {number} fps
 */

/** @typedef {{at: number, bytes: number, packets: number, lost: number, frames: number}} Before */

export class History {
  span = SPAN;
  /** @type {Own} */
  own = { sending: [], receiving: [], lostSending: [], lostReceiving: [], roundTrip: [] };
  /** @type {ReadonlyMap<string, Coming>} by picture */
  people = new Map();
  /** @type {readonly Layer[]} what is sent just now */
  layers = [];
  /** How the packets go: "" if they do not. */
  protocol = "";
  relayed = false;
  /** @type {Map<string, Before>} */
  #before = new Map();
  #last = -Infinity;

  /** @param {Counted} counted */
  add({ at, uplink, downlink }) {
    if (at - this.#last < LEAST) return;
    this.#last = at;
    /** @type {Map<string, Before>} */
    const after = new Map();
    this.#send(at, uplink, after);
    this.#receive(at, downlink, after);
    this.#before = after;
    const roundTrip = uplink?.roundTrip ?? downlink?.roundTrip ?? null;
    push(this.own.roundTrip, at, roundTrip);
    this.protocol = (uplink?.protocol || downlink?.protocol) ?? "";
    this.relayed = uplink?.relayed ?? downlink?.relayed ?? false;
  }

  /** @param {number} at @param {Uplink | null} uplink @param {Map<string, Before>} after */
  #send(at, uplink, after) {
    let [bitrate, packets, lost] = [0, 0, 0];
    let known = false;
    /** @type {Layer[]} */
    const layers = [];
    for (const each of uplink?.sent ?? []) {
      const rate = this.#rate(`sent ${each.id}`, at, each, after);
      if (!rate) continue;
      bitrate += rate.bitrate;
      packets += rate.packets;
      lost += rate.packets * (each.lost ?? 0);
      known = true;
      if (rate.packets > 0) layers.push({ kind: each.kind, layer: each.layer, height: each.height, fps: each.fps, bitrate: rate.bitrate });
    }
    this.layers = layers.sort((a, b) => a.kind.localeCompare(b.kind) || a.height - b.height);
    push(this.own.sending, at, known ? bitrate : null);
    push(this.own.lostSending, at, packets > 0 ? lost / packets : null);
  }

  /** @param {number} at @param {Downlink | null} downlink @param {Map<string, Before>} after */
  #receive(at, downlink, after) {
    /** @type {Map<string, {bitrate: number, packets: number, lost: number, height: number | null, fps: number}>} */
    const sums = new Map();
    for (const each of downlink?.received ?? []) {
      const rate = this.#rate(`received ${each.id}`, at, each, after);
      if (!rate) continue;
      const picture = pictureOf(each.participant, each.source.replace("screen_sound:", "screen:"));
      const sum = sums.get(picture) ?? { bitrate: 0, packets: 0, lost: 0, height: null, fps: 0 };
      sums.set(picture, sum);
      sum.bitrate += rate.bitrate;
      sum.packets += rate.packets;
      sum.lost += rate.lost;
      if (each.source !== "microphone" && !each.source.startsWith("screen_sound:") && rate.frames > 0) {
        sum.height = each.height;
        sum.fps = rate.frames;
      }
    }
    const all = [...sums.values()];
    const [lost, packets] = [total(all.map((each) => each.lost)), total(all.map((each) => each.packets))];
    push(this.own.receiving, at, all.length > 0 ? total(all.map((each) => each.bitrate)) : null);
    push(this.own.lostReceiving, at, share(lost, packets));
    this.people = new Map([...sums].map(([picture, sum]) => {
      const { bitrate, lost, height } = this.people.get(picture) ?? { bitrate: [], lost: [], height: [] };
      push(bitrate, at, sum.bitrate);
      push(lost, at, share(sum.lost, sum.packets));
      push(height, at, sum.height);
      return [picture, { bitrate, lost, height, fps: sum.fps }];
    }));
  }

  /**
   * @param {string} id @param {number} at @param {Received | Sent} counted @param {Map<string, Before>} after
   * @returns {{bitrate: number, packets: number, lost: number, frames: number} | null} since the last count; null if there is none
   */
  #rate(id, at, counted, after) {
    const { bytes, packets, lost, frames } = { frames: 0, ...counted };
    const now = { at, bytes, packets, lost: "participant" in counted ? (lost ?? 0) : 0, frames };
    const before = this.#before.get(id);
    after.set(id, now);
    // A connection that was made anew counts from nothing.
    if (!before || bytes < before.bytes) return null;
    const seconds = (at - before.at) / 1000;
    return {
      bitrate: (8 * (bytes - before.bytes)) / seconds,
      packets: packets - before.packets,
      lost: Math.max(0, now.lost - before.lost),
      frames: (frames - before.frames) / seconds,
    };
  }
}

/** @param {Point[]} points @param {number} at @param {number | null} value */
function push(points, at, value) {
  points.push({ at, value });
  // One before the span is kept, for the line to begin at the edge.
  while (points.length > 1 && (points[1]?.at ?? at) < at - SPAN) points.shift();
}

/** @param {readonly number[]} values */
const total = (values) => values.reduce((sum, value) => sum + value, 0);

/** @param {number} lost @param {number} arrived */
const share = (lost, arrived) => (lost + arrived > 0 ? lost / (lost + arrived) : null);
