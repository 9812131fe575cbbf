/** Who leads: in CPU, in what waits, in messages. */

import { h } from "../../../static/components/dom.js";
import { duration, octets, percent, perSecond, shortName } from "./format.js";
import { label } from "./label.js";
import { Rates } from "./rates.js";

/** @typedef {import("./types.js").Task} Task */

const ORDERS = /** @type {const} */ ([["cpu", "CPU"], ["queues", "Queues"], ["messages", "Messages"], ["age", "Age"]]);

export class Leaders extends HTMLElement {
  order = "cpu";
  #rates = new Rates();
  #list = h("ol", {});
  #buttons = ORDERS.map(([order, words]) => {
    const button = h("button", { type: "button", "aria-pressed": String(order === this.order) }, words);
    button.addEventListener("click", () => {
      this.order = order;
      for (const each of this.#buttons) each.setAttribute("aria-pressed", String(each === button));
      this.dispatchEvent(new CustomEvent("wish"));
    });
    return button;
  });

  constructor() {
    super();
    this.append(h("div", { class: "choices", role: "group", "aria-label": "Order" }, ...this.#buttons), this.#list);
  }

  /** @param {Task[]} tasks @param {number} at @param {boolean} metered */
  show(tasks, at, metered) {
    this.#rates.take(at, tasks);
    const rows = tasks.map((task) => {
      const button = h("button", { type: "button", class: "name", title: task.name }, shortName(task.name));
      button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("chosen", { detail: { id: task.id } })));
      return h("li", {}, h("span", { class: "who" }, button, h("span", { class: "label" }, label(task))), h("span", { class: "figure" }, this.#figure(task)));
    });
    if (rows.length) this.#list.replaceChildren(...rows);
    else this.#list.replaceChildren(h("li", { class: "hint" }, this.order === "cpu" && !metered ? "Nobody is metered: switch the meter on." : "Nobody."));
  }

  /** @param {Task} task */
  #figure(task) {
    const { bytes, waiting, dropped, passed } = task.figures;
    const rate = this.#rates.of(task.id);
    switch (this.order) {
      case "cpu":
        return percent(task.cpu ?? 0);
      case "queues":
        return [bytes ? octets(bytes) : "", waiting ? `${waiting} waiting` : "", dropped ? `${dropped} dropped` : ""].filter(Boolean).join(" · ");
      case "messages":
        return rate === undefined ? String(passed) : `${passed} · ${perSecond(rate.passed)}`;
      default:
        return duration(task.age);
    }
  }
}

customElements.define("task-leaders", Leaders);
