/** One task and all below it: what its owner tells, and where each of them is. */

import { h } from "../../../static/components/dom.js";
import { duration, where } from "./format.js";

/** @typedef {import("./types.js").Task} Task */

export class TaskView extends HTMLElement {
  /**
   * @param {Task[]} tasks the chosen one first
   * @param {number} total
   * @param {Record<string, unknown> | null} [flows] of a media worker's: its rooms, who is there, and their connections
   */
  show(tasks, total, flows = null) {
    const [task] = tasks;
    if (task === undefined) {
      this.replaceChildren(h("p", { class: "hint" }, "This task has ended."));
      return;
    }
    const about = [
      ["state", task.cancelled ? `${task.state}, cancelled` : task.state],
      ["age", (task.older ? "more than " : "") + duration(task.age)],
      ["steps", String(task.steps)],
      ["deadline", task.deadline === null ? "none" : `in ${duration(task.deadline)}`],
      ["below it", String(total - 1)],
    ];
    this.replaceChildren(
      h("p", { class: "path" }, task.name),
      h("dl", { class: "facts" }, ...about.flatMap(([name = "", value = ""]) => [h("dt", {}, name), h("dd", {}, value)])),
      h("h3", {}, tasks.length > 1 ? "Stacks of it and of what is below" : "Stack"),
      ...tasks.map((each) => stack(each)),
      ...Object.entries(task.facts).map(([name, fact]) => h("div", { class: "fact" }, h("h3", {}, name), facts(fact))),
      ...(flows === null ? [] : [h("h3", {}, "Its rooms"), ...Object.entries(flows).map(([room, people]) => rooms(room, people))]),
    );
  }
}

/** @param {unknown} value @returns {HTMLElement} */
function facts(value) {
  if (Array.isArray(value)) return h("span", {}, value.length ? value.map((each) => (isTable(each) ? JSON.stringify(each) : String(each))).join(", ") : "none");
  if (!isTable(value)) return h("span", {}, typeof value === "number" && !Number.isInteger(value) ? value.toFixed(3) : value === null ? "unknown" : String(value));
  if (!Object.keys(value).length) return h("span", {}, "none");
  return h("dl", { class: "facts" }, ...Object.entries(value).flatMap(([name, inner]) => [h("dt", {}, name.replaceAll("_", " ")), h("dd", {}, facts(inner))]));
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isTable(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A room of a media worker, each connection and track in a line.
 * @param {string} name @param {unknown} people
 */
function rooms(name, people) {
  if (!isTable(people)) return h("p", {}, h("b", {}, name), ` ${people}`);
  const here = Object.entries(people).map(([person, parts]) =>
    h("div", {}, h("p", {}, person), h("ol", {}, ...Object.entries(isTable(parts) ? parts : {}).map(([part, figures]) => h("li", {}, `${part}: ${line(figures)}`)))),
  );
  return h("div", { class: "stack" }, h("p", {}, h("b", {}, name), ` ${here.length} here`), ...here);
}

/** @param {unknown} figures @returns {string} those that are known */
function line(figures) {
  if (!isTable(figures)) return String(figures);
  const known = Object.entries(figures).filter(([, value]) => value !== null && !(typeof value === "object" && !Object.keys(value).length));
  return known.map(([name, value]) => `${name.replaceAll("_", " ")} ${isTable(value) ? JSON.stringify(value) : Array.isArray(value) ? value.join(" ") : value}`).join(", ");
}

/** @param {Task} task */
function stack(task) {
  return h(
    "div",
    { class: "stack" },
    h("p", {}, h("b", {}, task.name.slice(task.name.lastIndexOf("/") + 1)), ` ${task.state}, ${duration(task.age)}`),
    h("ol", {}, ...task.stack.map((place) => h("li", { class: place.line === task.own?.line && place.file === task.own.file ? "own" : null }, where(place)))),
  );
}

customElements.define("task-view", TaskView);
