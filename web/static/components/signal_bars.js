/** How good someone's connection is, in four bars; a button for whoever wants to know more. */

import { h } from "./dom.js";

/**
 * @typedef {object} Feedback what is shown of someone's connection and devices
 * @property {0 | 1 | 2 | 3 | 4} level 0: not known
 * @property {string} words what the bars mean
 * @property {string} mark what matters most, in a few words; "" if nothing does
 * @property {readonly string[]} details all that is wrong, in sentences
 */

/** @type {Feedback} */
export const NO_FEEDBACK = Object.freeze({ level: 0, words: "", mark: "", details: [] });

export class SignalBars extends HTMLElement {
  #button = h("button", { type: "button", class: "signal", "aria-haspopup": "dialog" }, ...[1, 2, 3, 4].map(() => h("i")));
  #name;
  #shown = "";

  /** @param {{id: string, name: string}} person */
  constructor({ id, name }) {
    super();
    this.#name = name;
    this.#button.addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("about", { bubbles: true, detail: { id } }));
    });
    this.append(this.#button);
  }

  /** @param {Feedback} feedback */
  show({ level, words }) {
    const shown = `${level} ${words}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#button.dataset.level = String(level);
    this.#button.dataset.tip = words;
    this.#button.setAttribute("aria-label", words ? `${this.#name}. ${words}` : this.#name);
  }

  /** Whether the keyboard stops here on its way. */
  set reachable(/** @type {boolean} */ reachable) {
    this.#button.tabIndex = reachable ? 0 : -1;
  }
}

customElements.define("signal-bars", SignalBars);
