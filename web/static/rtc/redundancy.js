/**
 * Whether each packet of a voice is sent twice (RED, RFC 2198), which helps where packets are lost and harms where there is
 * hardly room for one. Pure but for the last.
 */

import { isSound, sectionsOf, withMicrophone } from "./sections.js";
import { way } from "./stats.js";

/** @typedef {{available: number | null, lost: number | null, roundTrip: number | null}} Uplink bits a second; a share; seconds */

/** Bits a second below which there is no room for it, and above which there is. */
export const NARROW = 100_000;
export const WIDE = 200_000;
/** Milliseconds for which that has to be so. */
export const FOR_SURE = 1_500;
export const LONG_ENOUGH = 5_000;
/** Milliseconds without a fall after which it is tried, as little sent makes browsers believe in little; twice as many each time that it was too much. */
export const CALM = 30_000;
export const MOST_CALM = 300_000;
/** A share of what was there before is a fall; a try has this many milliseconds to fail. */
const FALL = 0.9;
const TRIAL = 20_000;
/** What is lost is better sent twice, unless it waits in a queue for so many seconds more than it did. */
const MUCH_LOST = 0.05;
const QUEUED = 0.1;

export class Redundancy {
  /** Whether it is worth it. */
  on = true;
  #shortest = Infinity;
  #last = 0;
  /** @type {number | null} since when there is no room for it; or enough; or no fall */
  #narrow = null;
  /** @type {number | null} */
  #wide = null;
  #fell = 0;
  #tried = -Infinity;
  #calm = CALM;

  /**
   * To be called once a second or so.
   * @param {Uplink} uplink
   * @param {number} now in milliseconds
   * @returns {boolean} whether it is worth it
   */
  look({ available, lost, roundTrip }, now) {
    if (roundTrip !== null) this.#shortest = Math.min(this.#shortest, roundTrip);
    if (available === null) return this.on;
    if (available < FALL * this.#last) this.#fell = now;
    this.#last = available;
    const queued = roundTrip !== null && roundTrip > this.#shortest + QUEUED;
    const narrow = available < NARROW && ((lost ?? 0) < MUCH_LOST || queued);
    this.#narrow = narrow ? (this.#narrow ?? now) : null;
    this.#wide = available > WIDE ? (this.#wide ?? now) : null;
    if (this.on && this.#narrow !== null && now - this.#narrow >= FOR_SURE) this.#drop(now);
    else if (!this.on && this.#wide !== null && now - this.#wide >= LONG_ENOUGH) this.#take(now);
    else if (!this.on && !queued && (lost ?? 0) < MUCH_LOST && now - this.#fell >= this.#calm) this.#take(now);
    return this.on;
  }

  /** @param {number} now */
  #drop(now) {
    this.on = false;
    this.#calm = now - this.#tried < TRIAL ? Math.min(MOST_CALM, 2 * this.#calm) : CALM;
    this.#fell = now;
  }

  /** @param {number} now */
  #take(now) {
    this.on = true;
    this.#tried = now;
    this.#narrow = null;
  }
}

/**
 * What the server would have answered if it took no redundancy: a browser that is given this sends none.
 * @param {string} sdp an answer, whose first line for sound is the microphone's
 * @returns {string}
 */
export function withoutRedundancy(sdp) {
  return withMicrophone(sdp, (section) => {
    const number = redundant(section);
    if (!number) return section;
    return section
      .replace(new RegExp(`^(m=audio \\S+ \\S+(?: \\d+)*?) ${number}(?=[ \\r\\n])`), "$1")
      .replace(new RegExp(`^a=(?:rtpmap|fmtp|rtcp-fb):${number} [^\\n]*\\n`, "gm"), "");
  });
}

/**
 * Whether the browser may send it, by this answer.
 * @param {string} sdp
 */
export function takesRedundancy(sdp) {
  return redundant(sectionsOf(sdp).find(isSound) ?? "") !== undefined;
}

/** @param {string} section */
const redundant = (section) => /^a=rtpmap:(\d+) red\//im.exec(section)?.[1];

/**
 * @param {RTCRtpSender} sender
 * @returns {Promise<Uplink>} what the browser counts of the connection of this voice
 */
export async function readUplink(sender) {
  const all = [...(await sender.getStats()).values()];
  const heard = all.find(({ type }) => type === "remote-inbound-rtp");
  return {
    available: way(all).available,
    lost: heard?.fractionLost ?? null,
    roundTrip: heard?.roundTripTime ?? null,
  };
}
