/**
 * Whether the way to the server may have room again for a picture's larger layer. Chromium believes in little more than
 * it sends, and while it sends the small layer alone it hardly comes to believe in what the larger one takes: it has to
 * look. That means to send much for a moment, which harms where there is no room. Pure.
 */

/** @import { CameraWay } from "./stats.js" */

/** What fits has grown by so much since it fell last: where it has found its limit it goes up and down by less. */
const GROWN = 1.2;
/** A share of what was there before is a fall; one that comes within so many milliseconds of a look is for that. */
const FALL = 0.97;
const TRIAL = 3_000;
/** Milliseconds between two looks, of which many do nothing; after so many, or one that was too much, twice as many each time. */
const PAUSE = 1_000;
const FREE = 6;
export const LONGEST = 30_000;

export class Headroom {
  /** What fitted when it fell last, and when this was asked last. @type {number | null} */
  #low = null;
  #last = 0;
  /** What was sent of each layer until then. @type {Map<string, number>} */
  #bytes = new Map();
  #looked = -Infinity;
  #looks = 0;

  /**
   * To be called once a second or so.
   * @param {CameraWay} way
   * @param {number} now in milliseconds
   * @returns {boolean} whether the browser is to look for more
   */
  look({ available, layers }, now) {
    const before = this.#bytes;
    this.#bytes = new Map(layers.map(({ layer, bytes }) => [layer, bytes]));
    if (available === null) return false;
    const fell = available < FALL * this.#last;
    if (fell && now - this.#looked < TRIAL) this.#looks = Math.max(FREE, this.#looks) + 2;
    if (fell || this.#low === null || available < this.#low) this.#low = available;
    this.#last = available;
    // A camera that is off sends nothing; a layer that never came is none that it has.
    const sends = layers.some(({ layer, bytes }) => bytes > (before.get(layer) ?? bytes));
    const waits = layers.some(({ layer, active, bytes }) => active && bytes > 0 && bytes === before.get(layer));
    if (sends && !waits) this.#looks = 0;
    const pause = Math.min(LONGEST, PAUSE * 2 ** Math.max(0, this.#looks - FREE));
    if (!sends || !waits || available < GROWN * this.#low || now - this.#looked < pause) return false;
    this.#looks += 1;
    this.#looked = now;
    return true;
  }
}
