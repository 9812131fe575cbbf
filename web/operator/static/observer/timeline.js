/** What happened lately that nobody planned. */

import { h } from "../../../static/components/dom.js";
import { clock } from "./format.js";

/** @typedef {import("./types.js").Happening} Happening */

const MOST = 200;
/** @type {Record<string, string>} */
const KINDS = { slow_step: "slow step", worker_stalled: "worker held up", child_restart: "restart", child_escalate: "gave up", child_forget: "ended", child_stop: "failed while stopping", overran: "does not end" };

export class TimelineView extends HTMLElement {
  /** The number of the last entry that is known. */
  last = 0;
  #list = h("ol", {});
  #none = h("p", { class: "hint" }, "Nothing was slow or began anew since the server started.");

  constructor() {
    super();
    this.append(this.#none, this.#list);
  }

  /** @param {Happening[]} happenings those that are new */
  add(happenings) {
    for (const { number, at, kind, task, words } of happenings) {
      if (number <= this.last) continue;
      this.last = number;
      this.#list.prepend(
        h("li", { class: kind }, h("p", {}, h("time", { datetime: new Date(at * 1_000).toISOString() }, clock(at)), " ", h("b", {}, KINDS[kind] ?? kind.replaceAll("_", " ")), " ", h("span", { class: "path" }, task)), h("p", { class: "words" }, words.startsWith(`${task} `) ? words.slice(task.length + 1) : words)),
      );
    }
    while (this.#list.childElementCount > MOST) this.#list.lastElementChild?.remove();
    this.#none.hidden = this.#list.childElementCount > 0;
  }

  /** The server is another one now, and counts from the beginning. */
  clear() {
    this.last = 0;
    this.#list.replaceChildren();
    this.#none.hidden = false;
  }
}

customElements.define("task-timeline", TimelineView);
