/**
 * Whether a camera that is on shows only black: a closed cover, a finger, a room without light. A dark picture of
 * something has bright spots in it. Pure: it is given the time, says when to look, and is told what was seen.
 */

/** Milliseconds between two looks; for which it must be so; and that a camera has to find its exposure. */
export const EVERY = 700;
export const SURE = 1_500;
const SETTLING = 2_000;
/** A clock that did not look for this long knows nothing of the time between. */
const GAP = 2_500;
/** Of 255: what is darker and flatter is black, and what is lighter, or less flat, is not any more. */
const DARK = { mean: 20, spread: 10 };
const LIGHT = { mean: 28, spread: 14 };

/** @typedef {{mean: number, spread: number}} Light the mean of the picture's points and their standard deviation */

export class DarkWatch {
  /** @type {number | null} */
  #opened = null;
  /** @type {number | null} */
  #since = null;
  #looked = -Infinity;
  dark = false;

  /**
   * @param {number} now milliseconds
   * @param {boolean} on whether the camera gives pictures
   * @returns {boolean} whether to look at its picture now, and `see` what is there
   */
  due(now, on) {
    if (!on) {
      this.forget();
      return false;
    }
    this.#opened ??= now;
    if (now - this.#looked < EVERY) return false;
    if (now - this.#looked > GAP) this.#since = null;
    this.#looked = now;
    return true;
  }

  /** @param {number} now milliseconds @param {Light | null} picture null where there is none */
  see(now, picture) {
    if (this.#opened === null) return; // it was turned off meanwhile
    if (!picture) this.#since = null;
    else if (this.dark) this.#wait(picture);
    else this.#doubt(now, picture);
  }

  /** It is off, or another one. */
  forget() {
    this.#opened = this.#since = null;
    this.#looked = -Infinity;
    this.dark = false;
  }

  /** @param {Light} picture */
  #wait({ mean, spread }) {
    if (mean <= LIGHT.mean && spread <= LIGHT.spread) return;
    this.dark = false;
    this.#since = null;
  }

  /** @param {number} now @param {Light} picture */
  #doubt(now, { mean, spread }) {
    if (mean >= DARK.mean || spread >= DARK.spread) {
      this.#since = null;
      return;
    }
    this.#since ??= now;
    this.dark = now - this.#since >= SURE && now - (this.#opened ?? now) >= SETTLING;
  }
}
