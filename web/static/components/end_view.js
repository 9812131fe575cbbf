/** After the room: why one is here, and the way back. */

import { h, icon } from "./dom.js";
import { ThemeToggle } from "./theme_toggle.js";

export class EndView extends HTMLElement {
  #heading;

  #again;

  /** @param {{title: string, text: string, room: string, action?: string}} ending action: what the button says */
  constructor({ title, text, room, action = "Join again" }) {
    super();
    this.#heading = h("h1", { tabindex: -1 }, title);
    this.#again = h("button", { type: "button", class: "primary" }, action);
    this.#again.addEventListener("click", () => {
      if (this.#again.ariaDisabled !== "true") this.dispatchEvent(new CustomEvent("again", { bubbles: true }));
    });
    const home = h("a", { href: "/", class: "brand" }, icon("logo"), "Chatroom");
    this.append(
      h("header", { class: "page-head" }, home, new ThemeToggle()),
      h(
        "main",
        { class: "ending card" },
        h("p", { class: "eyebrow" }, h("bdi", {}, room)),
        this.#heading,
        h("p", { role: "status" }, text),
        h("div", { class: "actions" }, this.#again, h("a", { href: "/", class: "plain" }, "Home")),
      ),
    );
  }

  /** It is being done, and pressing twice does not do it twice. */
  set busy(/** @type {boolean} */ busy) {
    this.#again.ariaDisabled = String(busy);
  }

  begin() {
    this.#heading.focus();
  }
}

customElements.define("end-view", EndView);
