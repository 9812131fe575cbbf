/**
 * Which one thing a person is told that they can do something about: the most important, long enough to be read, and not
 * again once they waved it away. Pure: the time is given.
 */

/** Milliseconds. */
export const LEAST_SHOWN = 3_000;
export const WAVED_AWAY = 300_000;
/** Between two that are read out, and before the same is read out again. */
export const READ_OUT_EVERY = 8_000;
export const READ_OUT_AGAIN = 60_000;

/**
 * @typedef {object} Choice
 * @property {string | null} key what is shown
 * @property {boolean} readOut whether it is to be read out now
 * @property {number} next when to choose again, if nothing happens before
 */

export class Hints {
  /** @type {{key: string, since: number, readOut: boolean} | null} */
  #shown = null;
  /** When each was waved away. @type {Map<string, number>} */
  #waved = new Map();
  /** @type {Map<string, number>} */
  #read = new Map();
  #lastRead = -Infinity;

  /**
   * @param {number} now milliseconds
   * @param {readonly string[]} keys what there is to say, the most important first
   * @returns {Choice}
   */
  choose(now, keys) {
    for (const [key, at] of this.#waved) if (now - at >= WAVED_AWAY) this.#waved.delete(key);
    const [first = null] = keys.filter((key) => !this.#waved.has(key));
    let next = Infinity;
    if (this.#shown && this.#shown.key !== first) {
      const until = this.#shown.since + LEAST_SHOWN;
      if (now < until) next = until;
      else this.#shown = null;
    }
    if (!this.#shown && first !== null) this.#shown = { key: first, since: now, readOut: false };
    if (!this.#shown) return { key: null, readOut: false, next: this.#again(keys) };
    const readOut = this.#readOut(now, this.#shown);
    if (!this.#shown.readOut) next = Math.min(next, this.#lastRead + READ_OUT_EVERY);
    return { key: this.#shown.key, readOut, next };
  }

  /** The person did something about it: what is over goes at once. */
  acted() {
    if (this.#shown) this.#shown.since = -Infinity;
  }

  /** The person does not want to hear of it. @param {number} now */
  wave(now) {
    if (!this.#shown) return;
    this.#waved.set(this.#shown.key, now);
    this.#shown = null;
  }

  /** @param {readonly string[]} keys */
  #again(keys) {
    return Math.min(Infinity, ...keys.map((key) => (this.#waved.get(key) ?? Infinity) + WAVED_AWAY));
  }

  /** @param {number} now @param {{key: string, readOut: boolean}} shown */
  #readOut(now, shown) {
    if (shown.readOut) return false;
    if (now - (this.#read.get(shown.key) ?? -Infinity) < READ_OUT_AGAIN) {
      shown.readOut = true; // it was, not long ago
      return false;
    }
    if (now - this.#lastRead < READ_OUT_EVERY) return false;
    shown.readOut = true;
    this.#read.set(shown.key, now);
    this.#lastRead = now;
    return true;
  }
}
