/** The one thing that a person is told about their own sound, picture or connection, with what helps. */

import { h, icon, iconButton } from "./dom.js";

/** @import { Hint } from "../text/hints.js" */

export class HintBar extends HTMLElement {
  #text = h("p");
  #act = h("button", { type: "button", class: "primary" });
  #key = "";

  constructor() {
    super();
    this.hidden = true;
    const close = iconButton({ label: "Dismiss", icon: "close", kind: "plain square" });
    delete close.dataset.tip;
    close.addEventListener("click", () => this.dispatchEvent(new CustomEvent("wave")));
    this.#act.addEventListener("click", () => this.dispatchEvent(new CustomEvent("act")));
    this.append(icon("alert"), this.#text, this.#act, close);
  }

  /** @param {Hint | null} hint */
  show(hint) {
    this.hidden = hint === null;
    if (!hint) return;
    this.dataset.about = hint.key;
    // The same text is not written again: whoever reads or selects it is not disturbed.
    const key = JSON.stringify(hint);
    if (key === this.#key) return;
    this.#key = key;
    this.#text.textContent = hint.text;
    this.#act.hidden = hint.action === null;
    this.#act.textContent = hint.label;
  }
}

customElements.define("hint-bar", HintBar);
