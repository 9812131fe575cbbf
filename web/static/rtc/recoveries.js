/** Both connections' recoveries, and the clock they are looked after by. */

import { Recovery } from "./recovery.js";

/** @import { LegWatch } from "./leg_watch.js" */
/** @import { Health, Remedy } from "./recovery.js" */

/** @typedef {"publish" | "subscribe"} LegName */

const NAMES = /** @type {const} */ (["publish", "subscribe"]);

export class Recoveries {
  #each = { publish: new Recovery(), subscribe: new Recovery() };
  #now;
  #parts;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {() => number} now in milliseconds
   * @param {object} parts
   * @param {() => boolean} parts.words whether words reach the server: what cannot be asked for is not looked for either
   * @param {() => boolean} parts.able whether anything can be done now
   * @param {(name: LegName, remedy: Remedy) => void} parts.remedy does it
   * @param {(name: LegName) => void} parts.connected
   * @param {() => void} parts.looked is called whenever anything may be otherwise
   */
  constructor(now, parts) {
    this.#now = now;
    this.#parts = parts;
  }

  /** @returns {readonly Health[]} */
  get health() {
    return NAMES.map((name) => this.#each[name].health);
  }

  /** There is another connection in its place. @param {LegName} name @param {LegWatch} watch */
  follow(name, watch) {
    const recovery = this.#each[name];
    watch.on("change", () => {
      const before = recovery.health;
      recovery.see(watch.state, watch.begun, this.#now());
      if (recovery.health === "connected" && before !== "connected") this.#parts.connected(name);
      this.look();
    });
    this.replaced(name);
  }

  /** @param {LegName} name */
  replaced(name) {
    this.#each[name].replaced(this.#now());
  }

  again() {
    for (const name of NAMES) this.#each[name].again(this.#now());
    this.look();
  }

  networkChanged() {
    for (const name of NAMES) this.#each[name].networkChanged(this.#now());
    this.look();
  }

  reset() {
    clearTimeout(this.#timer);
    for (const name of NAMES) this.#each[name].reset();
  }

  /** Do what is due, and come back when the next is. */
  look() {
    clearTimeout(this.#timer);
    const now = this.#now();
    for (const name of NAMES) {
      const remedy = this.#each[name].look(now, this.#parts.able());
      if (remedy !== null) this.#parts.remedy(name, remedy);
    }
    const due = Math.min(...NAMES.map((name) => this.#each[name].due));
    if (due < Infinity && (this.#parts.words() || due > now)) this.#timer = setTimeout(() => this.look(), Math.max(0, due - now));
    this.#parts.looked();
  }
}
