/** A lasting state of affairs, across the top of the room, for as long as it lasts. */

import { h, icon } from "./dom.js";
import { spinner } from "./spinner.js";

/**
 * @typedef {object} BannerState
 * @property {string} text
 * @property {string} [action]
 * @property {boolean} [busy] it is being seen to, and nothing is asked of the person: the pictures stay where they are
 * @property {boolean} [calm] nothing is asked of the person either, and it may last: it has a place beside the pictures
 */

export class CallBanner extends HTMLElement {
  #text = h("p");
  #button = h("button", { type: "button", class: "plain" });

  constructor() {
    super();
    this.hidden = true;
    this.#button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("act")));
    this.append(icon("alert"), spinner(), this.#text, this.#button);
  }

  /** @param {BannerState | null} state */
  show(state) {
    this.hidden = state === null;
    if (!state) return;
    this.classList.toggle("busy", state.busy ?? false);
    this.classList.toggle("calm", state.calm ?? false);
    this.classList.toggle("floating", state.busy === true && !state.calm);
    this.#text.textContent = state.text;
    this.#button.hidden = !state.action;
    this.#button.textContent = state.action ?? "";
  }
}

customElements.define("call-banner", CallBanner);
