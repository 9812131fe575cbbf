/** When the steps of joining happened, for tests and for people with the developer tools open. */

/** @typedef {"join" | "joined" | "publish-connected" | "subscribe-connected" | "first-remote-frame" | "socket-lost" | "resumed"} Step */

export class Marks {
  /** @type {Partial<Record<Step, number>>} */
  #times = {};

  /** Begin again, with the click on Join. */
  restart() {
    this.#times = {};
    this.reach("join");
  }

  /**
   * Only the first time counts: a leg that connects again later is no longer part of joining.
   * @param {Step} step
   */
  reach(step) {
    if (step in this.#times) return;
    this.#times[step] = performance.mark(`chatroom:${step}`).startTime;
  }

  /**
   * What may happen more than once, and of which the last time counts.
   * @param {Step} step
   */
  again(step) {
    delete this.#times[step];
    this.reach(step);
  }

  /** @returns {Readonly<Partial<Record<Step, number>>>} */
  get times() {
    return Object.freeze({ ...this.#times });
  }
}
