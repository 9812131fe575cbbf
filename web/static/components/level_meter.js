/** How loud the microphone is, so that a person sees it works before joining. */

import { h } from "./dom.js";

const FRAME = 60;

export class LevelMeter extends HTMLElement {
  #bar = h("span", { class: "bar" });
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  /** @type {() => number} */
  #read = () => 0;

  constructor() {
    super();
    this.setAttribute("role", "meter");
    this.setAttribute("aria-label", "Microphone level");
    this.setAttribute("aria-valuemin", "0");
    this.setAttribute("aria-valuemax", "100");
    this.append(this.#bar);
  }

  /** @param {() => number} read gives the level now, from 0 to 1 */
  set source(read) {
    this.#read = read;
  }

  connectedCallback() {
    this.#timer = setInterval(() => this.#show(), FRAME);
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  #show() {
    const level = this.#read();
    this.#bar.style.transform = `scaleX(${level.toFixed(3)})`;
    this.setAttribute("aria-valuenow", String(Math.round(level * 10) * 10));
  }
}

customElements.define("level-meter", LevelMeter);
