/** What one shares oneself, in words: to show it here would be a hall of mirrors. */

import { h, icon } from "./dom.js";

/** @typedef {{number: number, text: string}} OwnScreen */

export class ShareNote extends HTMLElement {
  #list = h("ul", { role: "list", "aria-label": "What you share" });
  #more = h("button", { type: "button", class: "plain" }, "Share another");
  #shown = "";

  constructor() {
    super();
    this.hidden = true;
    this.append(icon("screen"), this.#list, this.#more);
    this.#more.addEventListener("click", () => this.dispatchEvent(new CustomEvent("more")));
  }

  /** @param {readonly OwnScreen[]} screens @param {boolean} more whether there may be another */
  show(screens, more) {
    this.hidden = screens.length === 0;
    this.#more.hidden = !more;
    const shown = JSON.stringify(screens);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#list.replaceChildren(...screens.map((screen) => this.#item(screen)));
  }

  /** @param {OwnScreen} screen */
  #item({ number, text }) {
    const stop = h("button", { type: "button", class: "plain", "aria-description": text }, "Stop sharing");
    stop.addEventListener("click", () => this.dispatchEvent(new CustomEvent("stop", { detail: number })));
    return h("li", {}, h("span", {}, text), stop);
  }
}

customElements.define("share-note", ShareNote);
