/** The people and the chat, beside the pictures or, on small screens, over them. */

import { ChatForm } from "./chat_form.js";
import { ChatLog } from "./chat_log.js";
import { h, iconButton } from "./dom.js";
import { PeopleList } from "./people_list.js";

export class SidePanel extends HTMLElement {
  people = new PeopleList();
  log = new ChatLog();
  form = new ChatForm();
  #count = h("span", { class: "count" });
  #close = iconButton({ label: "Close panel", icon: "close", kind: "plain square" });
  #chat = h("section", { class: "chat", "aria-label": "Chat panel" }, h("h2", {}, "Chat"), this.log, this.form);

  constructor() {
    super();
    this.id = "panel";
    const heading = h("h2", {}, "People ", this.#count);
    this.append(h("section", { class: "people" }, h("div", { class: "head" }, heading, this.#close), this.people), this.#chat);
    this.#close.addEventListener("click", () => this.dispatchEvent(new CustomEvent("close")));
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.dispatchEvent(new CustomEvent("close"));
    });
    this.addEventListener("focusin", () => {
      if (!this.open) this.dispatchEvent(new CustomEvent("open"));
    });
    this.open = false;
  }

  get open() {
    return this.classList.contains("open");
  }

  /** Closed, it is hidden from the eye only and no stop for the keyboard: whoever gets into it without seeing it opens it. */
  set open(open) {
    this.classList.toggle("open", open);
    this.log.announcing = open;
    this.form.reachable = open;
    this.people.reachable = open;
    this.#close.hidden = !open;
    if (open) this.log.toEnd();
  }

  /** @param {number} count */
  set count(count) {
    this.#count.textContent = String(count);
  }
}

customElements.define("side-panel", SidePanel);
