/** The server as a whole, in a line of figures. */

import { h } from "../../../static/components/dom.js";
import { duration, octets, percent } from "./format.js";

/** @typedef {import("./types.js").Look} Look */

export class Summary {
  /** @type {Look | null} */
  #before = null;

  /** @param {Look} look @returns {[string, string, boolean][]} name, figure, and whether it is a reason to worry */
  figures(look) {
    const before = this.#before;
    this.#before = look;
    const { rooms, workers, media, sockets, state } = look.node;
    const up = workers.filter((worker) => worker.state === "up" || worker.state === "spare").length;
    const stalls = workers.reduce((sum, worker) => sum + worker.stalls, 0);
    const elapsed = before === null ? 0 : look.at - before.at;
    /** @param {(look: Look) => number} of */
    const rate = (of) => (before === null || elapsed <= 0 ? 0 : (of(look) - of(before)) / elapsed);
    return [
      ["server", state, state !== "running"],
      ["up", duration(look.up), false],
      ["rooms", String(rooms.rooms), false],
      ["people", String(rooms.participants), false],
      ["sockets", String(sockets), false],
      ["workers", workers.length ? `${up} of ${workers.length}` : media ? "yes" : "none", !media || up < workers.length],
      ["stalls", String(stalls), stalls > 0],
      ["tasks", String(look.tasks.living), false],
      ["steps", `${Math.round(rate((each) => each.watchdog.steps))} /s`, false],
      ["CPU", percent(rate((each) => each.cpu)), rate((each) => each.cpu) > 0.8],
      ["memory", octets(look.memory), false],
      ["slow steps", String(look.watchdog.slow), look.watchdog.slow > 0],
      ["longest", look.watchdog.longest === null ? "none" : duration(look.watchdog.longest.seconds), look.watchdog.longest !== null],
    ];
  }

  /** @param {Element} list @param {Look} look */
  show(list, look) {
    list.replaceChildren(...this.figures(look).map(([name, figure, worry]) => h("div", { class: worry ? "worry" : null }, h("dt", {}, name), h("dd", {}, figure))));
  }
}
