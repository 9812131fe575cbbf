/** How a figure went in the last two minutes, with what it is now. */

import { axisEnd } from "../text/figures.js";
import { h } from "./dom.js";

/** @import { Unit } from "../text/figures.js" */

/** @typedef {{at: number, value: number | null}} Point at: milliseconds */

const SVG = "http://www.w3.org/2000/svg";
/** Of the drawing, which is stretched to its place. */
const [WIDTH, HEIGHT] = [240, 60];

export class LinePlot extends HTMLElement {
  #title;
  #unit;
  #least;
  #now = h("b", {}, "–");
  #top = h("span", { class: "top" });
  #svg = document.createElementNS(SVG, "svg");
  #line = document.createElementNS(SVG, "path");
  #area = document.createElementNS(SVG, "path");

  /**
   * @param {object} plot
   * @param {string} plot.title
   * @param {Unit} plot.unit
   * @param {number} plot.least what the axis shows at least
   */
  constructor({ title, unit, least }) {
    super();
    this.#title = title;
    this.#unit = unit;
    this.#least = least;
    this.#svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.#svg.setAttribute("preserveAspectRatio", "none");
    this.#svg.setAttribute("role", "img");
    this.#area.setAttribute("class", "area");
    this.#line.setAttribute("class", "line");
    this.#svg.append(this.#area, this.#line);
    this.append(h("p", { class: "title" }, h("span", {}, title), this.#now), h("div", { class: "field" }, this.#svg, this.#top));
  }

  /** @param {readonly Point[]} points @param {number} now @param {number} span milliseconds that are shown */
  show(points, now, span) {
    const known = points.flatMap(({ value }) => (value === null ? [] : value));
    const end = axisEnd(Math.max(0, ...known), this.#least);
    const x = (/** @type {number} */ at) => WIDTH * Math.min(1, Math.max(0, 1 - (now - at) / span));
    const y = (/** @type {number} */ value) => HEIGHT - (HEIGHT - 2) * Math.min(1, value / end) - 1;
    let line = "";
    let area = "";
    // What is not known is a gap in the line.
    for (const run of runs(points)) {
      const path = run.map(({ at, value }) => `${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("L");
      line += `M${path}`;
      area += `M${x(run[0]?.at ?? now).toFixed(1)} ${HEIGHT}L${path}L${x(run.at(-1)?.at ?? now).toFixed(1)} ${HEIGHT}Z`;
    }
    this.#line.setAttribute("d", line);
    this.#area.setAttribute("d", area);
    const last = points.at(-1)?.value ?? null;
    this.#now.textContent = last === null ? "–" : this.#unit(last);
    this.#top.textContent = this.#unit(end);
    const range = known.length > 0 ? `, between ${this.#unit(Math.min(...known))} and ${this.#unit(Math.max(...known))} in the last two minutes` : "";
    this.#svg.setAttribute("aria-label", `${this.#title}: ${last === null ? "nothing" : this.#unit(last)} now${range}`);
  }
}

/** @param {readonly Point[]} points @returns {{at: number, value: number}[][]} */
function runs(points) {
  /** @type {{at: number, value: number}[][]} */
  const found = [];
  let open = false;
  for (const { at, value } of points) {
    if (value !== null) {
      if (!open) found.push([]);
      found.at(-1)?.push({ at, value });
    }
    open = value !== null;
  }
  return found;
}

customElements.define("line-plot", LinePlot);
