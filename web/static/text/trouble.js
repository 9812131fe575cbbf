/** What is wrong with someone's connection or devices, in words for those who look at them. Pure. */

import { clock } from "./clock.js";

/** @import { Problem, Signal, SignalLevel } from "../protocol/types.js" */

/** @type {Record<SignalLevel, string>} */
const levels = { 4: "good", 3: "fair", 2: "poor", 1: "hardly there" };

/**
 * @param {Signal | undefined} signal
 * @param {boolean} own
 * @param {Date} [now]
 * @returns {string} what the bars say, and since when
 */
export function signalWords(signal, own, now) {
  const whose = own ? "Your" : "Their";
  if (!signal) return `${whose} connection: not known yet`;
  const { level, uplink, downlink, since } = signal;
  if (level === 4) return `${whose} connection is good`;
  const who = own ? "you" : "they";
  const which = [uplink === level ? "send" : "", downlink === level ? "receive" : ""].filter(Boolean).join(" and ");
  return `${whose} connection is ${levels[level]}${which ? `: what ${who} ${which}` : ""}, since ${clock(since, now)}`;
}

/**
 * @typedef {object} Mark
 * @property {string} text a few words for the tile
 * @property {string} detail a sentence for whoever asks
 * @property {number} rank the smaller the more it matters
 */

/** @typedef {{text: string, detail: string}} Words */

/** @type {Record<string, Words>} of the devices of somebody */
const devices = {
  microphone_silent: { text: "No sound from microphone", detail: "Their microphone is on, and no sound comes from it" },
  camera_frozen: { text: "Camera frozen", detail: "Their camera is on, and no new pictures come from it" },
  camera_dark: { text: "Camera is dark", detail: "Their camera is on, and shows only black" },
};

/** @type {Record<string, Words>} */
const ways = {
  "leg_lost uplink": { text: "Connection interrupted", detail: "Nothing they send arrives just now" },
  "leg_lost downlink": { text: "Cannot see or hear", detail: "Nothing reaches them just now" },
  "network_slow uplink": { text: "Slow connection", detail: "Their connection is slow: you may see them blurred, or hear gaps" },
  "network_slow downlink": { text: "Slow connection", detail: "Their connection is slow: they may see others blurred, or hear gaps" },
};

const ORDER = ["leg_lost uplink", "microphone_silent", "cannot_be_heard", "leg_lost downlink", "camera_frozen", "camera_dark", "network_slow uplink", "network_slow downlink"];

/**
 * What to mark at someone's tile, as seen by `you`.
 * @param {readonly Problem[]} problems
 * @param {string} id whose tile it is
 * @param {string} you
 * @param {Date} [now]
 * @returns {Mark[]} what matters most is first
 */
export function marksOf(problems, id, you, now) {
  return problems
    .flatMap((problem) => {
      const words = problem.kind === "cannot_be_heard" ? unheard(problem, id, you) : problem.participant === id ? wordsOf(problem) : null;
      if (!words) return [];
      // What somebody receives is their own affair while it is not bad.
      if (problem.kind === "network_slow" && problem.direction === "downlink" && problem.severity === "mild" && id !== you) return [];
      const detail = `${id === you ? words.detail.replace(/^Their\b/, "Your").replace("they send", "you send").replace("reaches them", "reaches you") : words.detail}, since ${clock(problem.since, now)}`;
      return { text: words.text, detail, rank: ORDER.indexOf(keyOf(problem)) };
    })
    .sort((a, b) => a.rank - b.rank);
}

/** @param {Problem} problem @returns {Words | null} null for a kind that this page does not know */
const wordsOf = (problem) => ways[keyOf(problem)] ?? devices[problem.kind] ?? null;

/** @param {Problem} problem */
const keyOf = ({ kind, direction }) => (kind in devices || direction === null ? kind : `${kind} ${direction}`);

/** @param {Problem} problem @param {string} id @param {string} you @returns {Words | null} */
function unheard({ participant, concerns }, id, you) {
  if (participant === id && id !== you && concerns.includes(you)) {
    return { text: "You cannot hear them", detail: "Their sound does not reach you, or your browser does not play it" };
  }
  if (participant === you && concerns.includes(id)) {
    return { text: "Cannot hear you", detail: "Your sound does not reach them, or their browser does not play it before they click" };
  }
  return null;
}
