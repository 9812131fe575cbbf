/** What the server says is wrong, and how good everyone's connection is: as long as it holds, and no longer. */

import { Emitter } from "../base/emitter.js";

/** @import { Problem, ProblemName, ServerEvent, Signal } from "../protocol/types.js" */

/** More than a room can have wrong at a time; what comes beyond is not shown. */
const MOST = 500;

/** @extends {Emitter<{change: void}>} */
export class Trouble extends Emitter {
  /** @type {Map<string, Problem>} */
  #problems = new Map();
  /** @type {Map<string, Signal>} */
  #signals = new Map();

  /** @returns {readonly Problem[]} the first that came first */
  get problems() {
    return [...this.#problems.values()];
  }

  /** @returns {ReadonlyMap<string, Signal>} by participant */
  get signals() {
    return this.#signals;
  }

  /** @param {ServerEvent} event */
  take(event) {
    switch (event.type) {
      case "signal":
        if (this.#signals.size >= MOST && !this.#signals.has(event.participant)) return;
        this.#signals.set(event.participant, event);
        break;
      case "problem":
        if (this.#problems.size >= MOST && !this.#problems.has(nameOf(event))) return;
        this.#problems.set(nameOf(event), event);
        break;
      case "problem_over":
        if (!this.#problems.delete(nameOf(event))) return;
        break;
      case "participant_left":
        this.#signals.delete(event.id);
        for (const [name, { participant }] of this.#problems) if (participant === event.id) this.#problems.delete(name);
        break;
      case "joined": // what is wrong is told anew
      case "resumed":
        return this.forget();
      default:
        return;
    }
    this.emit("change", undefined);
  }

  /** Nothing is known any more. */
  forget() {
    if (this.#problems.size === 0 && this.#signals.size === 0) return;
    this.#problems.clear();
    this.#signals.clear();
    this.emit("change", undefined);
  }
}

/** @param {ProblemName} problem */
const nameOf = ({ kind, participant, direction, source }) => JSON.stringify([kind, participant, direction, source]);
