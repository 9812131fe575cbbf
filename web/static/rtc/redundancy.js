/**
 * Whether each packet of a voice is sent twice (RED, RFC 2198), which helps where packets are lost and harms where there is
 * hardly room for one. Pure.
 */

import { isSound, sectionsOf, withMicrophone } from "./sections.js";

/** @import { VoiceWay } from "./stats.js" */

/** Bits a second below which there is no room for it, and above which there is. */
const NARROW = 100_000;
const WIDE = 200_000;
/** Milliseconds for which that has to be so. */
export const FOR_SURE = 1_500;
export const LONG_ENOUGH = 5_000;
/** Milliseconds without a fall after which it is tried, as little sent makes browsers believe in little; twice as many each time that it was too much. */
export const CALM = 30_000;
const MOST_CALM = 300_000;
/** Who did not look for this long, as nothing was sent, knows nothing of the time between. */
export const GAP = 2_500;
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
  #looked = -Infinity;
  /** @type {number | null} since when there is no room for it; or enough; or no fall */
  #narrow = null;
  /** @type {number | null} */
  #wide = null;
  #fell = 0;
  #tried = -Infinity;
  #calm = CALM;

  /**
   * To be called once a second or so.
   * @param {VoiceWay} way
   * @param {number} now in milliseconds
   * @returns {boolean} whether it is worth it
   */
  look({ available, lost, roundTrip }, now) {
    if (roundTrip !== null) this.#shortest = Math.min(this.#shortest, roundTrip);
    if (available === null) return this.on;
    if (now - this.#looked > GAP) this.#forget(now);
    this.#looked = now;
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

  /** What was begun is not known to have gone on. @param {number} now */
  #forget(now) {
    this.#narrow = this.#wide = null;
    this.#fell = now;
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
