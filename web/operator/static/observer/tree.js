/** The tree: a row for each task that is shown. Rows are kept from look to look, so that the focus stays where it is. */

import { h, say } from "../../../static/components/dom.js";
import { duration, octets, percent, shortName, where } from "./format.js";
import { label, restarts } from "./label.js";

/** @typedef {import("./types.js").Task} Task */

class Row {
  #fold = h("button", { type: "button", class: "fold" });
  #name = h("button", { type: "button", class: "name" });
  #label = h("span", { class: "label" });
  #marks = h("span", { class: "marks" });
  #age = h("span", { class: "figure age" });
  #use = h("span", { class: "figure use" });
  #where = h("span", { class: "where" });
  element = h("li", {}, this.#fold, h("span", { class: "who" }, this.#name, this.#label, this.#marks), this.#where, this.#use, this.#age);

  /** @param {{toggle: () => void, choose: () => void}} does */
  constructor({ toggle, choose }) {
    this.#fold.addEventListener("click", toggle);
    this.#name.addEventListener("click", choose);
  }

  /** @param {Task} task @param {Task | undefined} parent @param {boolean} chosen */
  show(task, parent, chosen) {
    this.element.style.setProperty("--depth", String(task.depth));
    this.element.className = `${task.state}${task.cancelled ? " cancelled" : ""}${chosen ? " chosen" : ""}`;
    text(this.#fold, task.children ? (task.folded ? "▸" : "▾") : "");
    this.#fold.disabled = !task.children;
    this.#fold.setAttribute("aria-label", task.folded ? `Show the ${task.children} below` : "Fold");
    this.#fold.setAttribute("aria-expanded", String(Boolean(task.children) && !task.folded));
    text(this.#name, shortName(task.name, parent?.name));
    this.#name.title = task.name;
    this.#name.setAttribute("aria-pressed", String(chosen));
    text(this.#label, label(task) + (task.folded ? `${label(task) ? " · " : ""}${task.children} below` : ""));
    const again = restarts(task);
    text(this.#marks, [again ? `${again} restart${again > 1 ? "s" : ""}` : "", task.cancelled ? "cancelled" : ""].filter(Boolean).join(" · "));
    text(this.#where, task.state === "parked" ? where(task.own ?? task.waits) : task.state);
    text(this.#use, [task.cpu ? percent(task.cpu) : "", task.figures.bytes ? octets(task.figures.bytes) : ""].filter(Boolean).join(" · "));
    text(this.#age, (task.older ? "> " : "") + duration(task.age));
  }
}

export class TaskTree extends HTMLElement {
  /** @type {Map<number, Row>} */
  #rows = new Map();
  #list = h("ul", {});
  #rest = h("p", { class: "hint", hidden: true });
  /** Ids that were opened and folded by hand. @type {Set<number>} */
  opened = new Set();
  /** @type {Set<number>} */
  folded = new Set();
  /** @type {number | null} */
  chosen = null;

  constructor() {
    super();
    this.append(this.#list, this.#rest);
  }

  /** @param {{tasks: Task[], left_off: number, total: number}} tree */
  show({ tasks, left_off, total }) {
    const byId = new Map(tasks.map((task) => [task.id, task]));
    for (const [id, row] of this.#rows) {
      if (byId.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    /** @type {Element | null} */
    let next = this.#list.firstElementChild;
    for (const task of tasks) {
      const row = this.#row(task.id);
      if (row.element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(row.element, next);
      row.show(task, task.parent === null ? undefined : byId.get(task.parent), task.id === this.chosen);
      row.element.dataset.folded = String(Boolean(task.folded));
    }
    if (!tasks.length) say(this.#rest, "No task has that in its name or in what is known of it.");
    else say(this.#rest, left_off ? `${left_off} more of ${total} tasks: search, or fold some.` : "");
  }

  /** @param {number} id */
  #row(id) {
    let row = this.#rows.get(id);
    if (row === undefined) {
      row = new Row({ toggle: () => this.#toggle(id), choose: () => this.#choose(id) });
      this.#rows.set(id, row);
    }
    return row;
  }

  /** @param {number} id */
  #toggle(id) {
    const fold = this.#rows.get(id)?.element.dataset.folded !== "true";
    (fold ? this.folded : this.opened).add(id);
    (fold ? this.opened : this.folded).delete(id);
    this.dispatchEvent(new CustomEvent("wish"));
  }

  /** @param {number} id */
  #choose(id) {
    this.chosen = this.chosen === id ? null : id;
    this.dispatchEvent(new CustomEvent("chosen"));
  }
}

/** @param {Element} element @param {string} words */
function text(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

customElements.define("task-tree", TaskTree);
