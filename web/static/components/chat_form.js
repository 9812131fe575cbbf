/** Where a message is written. What could not be sent is never lost. */

import { h, icon, say } from "./dom.js";

const LIMIT = 2000;
const WARN_AT = 1800;

export class ChatForm extends HTMLElement {
  #box = h("textarea", { rows: 1, "aria-label": "Message", placeholder: "Write a message", autocomplete: "off", enterkeyhint: "send", "aria-describedby": "chat-problem" });
  #send = h("button", { type: "submit", class: "send", "aria-label": "Send", "data-tip": "Send (Enter)" }, icon("send"));
  #problem = h("p", { class: "problem", role: "alert", id: "chat-problem", hidden: true });
  #left = h("span", { class: "left", hidden: true });

  constructor() {
    super();
    const form = h("form", {}, this.#problem, h("div", { class: "write" }, this.#box, this.#send), this.#left);
    form.noValidate = true;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.#box.addEventListener("input", () => this.#changed());
    this.append(form);
    this.#changed();
  }

  focus() {
    this.#box.focus();
  }

  /** Whether the keyboard stops here on its way. */
  set reachable(/** @type {boolean} */ reachable) {
    for (const stop of [this.#box, this.#send]) stop.tabIndex = reachable ? 0 : -1;
  }

  /** What is written and not sent yet. */
  get draft() {
    return this.#box.value;
  }

  set draft(text) {
    this.#box.value = text;
    this.#changed();
  }

  /**
   * Put a message back that was refused, unless something else is being written by now.
   * @param {string} text
   * @param {string} problem
   */
  refuse(text, problem) {
    if (this.#box.value.trim() === "") this.#box.value = text;
    this.#changed();
    say(this.#problem, problem);
  }

  get #length() {
    return [...this.#box.value.trim()].length;
  }

  #submit() {
    const text = this.#box.value.trim();
    if (text === "") return;
    if (this.#length > LIMIT) return say(this.#problem, `That is too long: ${LIMIT} characters at most.`);
    this.#box.value = "";
    this.#changed();
    this.dispatchEvent(new CustomEvent("say", { bubbles: true, detail: { text } }));
  }

  #changed() {
    const length = this.#length;
    say(this.#problem, "");
    say(this.#left, length > LIMIT ? `${length - LIMIT} too many` : length > WARN_AT ? `${LIMIT - length} left` : "");
    this.#left.classList.toggle("over", length > LIMIT);
    this.#send.disabled = length === 0;
    // Grow with the text, up to the height the stylesheet allows.
    this.#box.style.height = "auto";
    if (this.#box.value) this.#box.style.height = `${this.#box.scrollHeight + 2}px`;
  }
}

customElements.define("chat-form", ChatForm);
