/** After the room: why one is here, and the way back. */

import { h, icon } from "./dom.js";
import { ThemeToggle } from "./theme_toggle.js";

export class EndView extends HTMLElement {
  #heading;

  /** @param {{title: string, text: string, room: string}} ending */
  constructor({ title, text, room }) {
    super();
    this.#heading = h("h1", { tabindex: -1 }, title);
    const again = h("button", { type: "button", class: "primary" }, "Join again");
    again.addEventListener("click", () => this.dispatchEvent(new CustomEvent("again", { bubbles: true })));
    const home = h("a", { href: "/", class: "brand" }, icon("logo"), "Chatroom");
    this.append(
      h("header", { class: "page-head" }, home, new ThemeToggle()),
      h(
        "main",
        { class: "ending card" },
        h("p", { class: "eyebrow" }, h("bdi", {}, room)),
        this.#heading,
        h("p", { role: "status" }, text),
        h("div", { class: "actions" }, again, h("a", { href: "/", class: "plain" }, "Home")),
      ),
    );
  }

  begin() {
    this.#heading.focus();
  }
}

customElements.define("end-view", EndView);
