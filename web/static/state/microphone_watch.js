/**
 * What a microphone gives, before any mute of the page's: whether somebody talks though it is off, and whether nothing
 * comes from it though it is on. Pure: it is given a level every fifth of a second or so, and the time.
 */

import { SILENCE } from "./playing.js";

/** Sound this much above the noise, and never below this, may be a voice. In dB. */
const ABOVE_NOISE = 12;
const LOUD = -50;
const QUIETEST = -80;
/** Out of so many levels, so many are loud while somebody talks: a click, a cough or a door is not. */
const LOOKED_AT = 10;
const TALK = 6;
/** Milliseconds. */
const STILL_TALKING = 3_000;
export const SILENT_AFTER = 1_500;
/** For a device that gave nothing since it was opened: some take a moment. */
export const SILENT_AT_FIRST = 2_400;
/** A silence of this length that ends by itself shows a gate. */
const GATE = 800;
const GATED_AT_LEAST = 10_000;
const SILENT_AT_LAST = 30_000;
/** A clock that did not look for this long knows nothing of the time between. */
const GAP = 2_500;

export class MicrophoneWatch {
  #on = false;
  #noise = -60;
  /** @type {boolean[]} */
  #loud = [];
  #talked = -Infinity;
  #last = -Infinity;
  /** Since when nothing at all comes; null while something does. @type {number | null} */
  #nothing = null;
  /** Whether anything came since the device was opened. */
  #sounded = false;
  /**
   * No room is so quiet that nothing comes, but a gate in the device gives nothing whenever nobody talks: the longest
   * silence that ended by itself is no fault. 0 while the device shows no gate.
   */
  #usual = 0;
  /** @type {number | null} */
  #loudest = null;
  talking = false;
  silent = false;

  /**
   * @param {number} now milliseconds
   * @param {boolean} on whether it is switched on
   * @param {number | null} level in dBFS; null where nobody can hear it
   */
  hear(now, on, level) {
    if (on !== this.#on || now - this.#last > GAP) this.#restart(on);
    this.#last = now;
    if (level === null) return this.#restart(on);
    this.#noise = level < this.#noise ? Math.max(level, QUIETEST) : Math.min(this.#noise + 0.2, -35);
    if (on) {
      this.#loudest = Math.max(this.#loudest ?? SILENCE, level);
      this.#listen(now, level);
    } else {
      this.#look(now, level);
    }
  }

  /** Another device: it has habits of its own. */
  forget() {
    this.#usual = 0;
    this.#sounded = false;
    this.#noise = -60;
    this.#restart(this.#on);
  }

  /** The loudest since this was asked last, while it was on; null if it was not. @returns {number | null} */
  take() {
    const loudest = this.#loudest;
    this.#loudest = null;
    return loudest;
  }

  /** @param {boolean} on */
  #restart(on) {
    this.#on = on;
    this.#loud = [];
    this.#talked = -Infinity;
    this.#nothing = null;
    this.talking = this.silent = false;
  }

  /** @param {number} now @param {number} level */
  #listen(now, level) {
    if (level > SILENCE) {
      const silence = this.#nothing === null ? 0 : now - this.#nothing;
      if (silence >= (this.#sounded ? GATE : SILENT_AT_FIRST)) this.#usual = Math.max(this.#usual, silence);
      this.#sounded = true;
      this.#nothing = null;
      this.silent = false;
      return;
    }
    this.#nothing ??= now;
    this.silent = now - this.#nothing >= this.#patience;
  }

  get #patience() {
    if (this.#usual > 0) return Math.min(Math.max(GATED_AT_LEAST, 2 * this.#usual), SILENT_AT_LAST);
    return this.#sounded ? SILENT_AFTER : SILENT_AT_FIRST;
  }

  /** @param {number} now @param {number} level */
  #look(now, level) {
    this.#loud.push(level > Math.max(LOUD, this.#noise + ABOVE_NOISE));
    if (this.#loud.length > LOOKED_AT) this.#loud.shift();
    if (this.#loud.filter(Boolean).length >= TALK) this.#talked = now;
    this.talking = now - this.#talked < STILL_TALKING;
  }
}
