/** How fast counters grow, from one look to the next. */

/** @typedef {{id: number, steps: number, figures: {passed: number}}} Counted */

export class Rates {
  /** @type {Map<number, {at: number, steps: number, passed: number}>} */
  #before = new Map();
  /** @type {Map<number, {steps: number, passed: number}>} */
  #rates = new Map();

  /**
   * @param {number} at seconds of the server's clock
   * @param {Counted[]} tasks what is looked at now; others are forgotten
   */
  take(at, tasks) {
    /** @type {Map<number, {at: number, steps: number, passed: number}>} */
    const now = new Map();
    /** @type {Map<number, {steps: number, passed: number}>} */
    const rates = new Map();
    for (const { id, steps, figures } of tasks) {
      const before = this.#before.get(id);
      now.set(id, { at, steps, passed: figures.passed });
      if (before !== undefined && at > before.at) {
        rates.set(id, { steps: (steps - before.steps) / (at - before.at), passed: (figures.passed - before.passed) / (at - before.at) });
      }
    }
    this.#before = now;
    this.#rates = rates;
  }

  /** @param {number} id @returns {{steps: number, passed: number} | undefined} a second */
  of(id) {
    return this.#rates.get(id);
  }
}
