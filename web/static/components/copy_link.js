/** Copies the room's link, and says so. */

import { h, icon, setIcon } from "./dom.js";

const SAID_FOR = 2500;

export class CopyLink extends HTMLElement {
  #icon = icon("link");
  #text = h("span", { class: "label" });
  #button;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {{kind?: string, label?: string}} [look] */
  constructor({ kind = "plain", label = "Copy link" } = {}) {
    super();
    this.label = label;
    this.#button = h("button", { type: "button", class: kind, "data-tip": "Copy the link to this room" }, this.#icon, this.#text);
    this.#button.addEventListener("click", () => void this.#copy());
    this.#show("link", label);
    this.append(this.#button);
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  async #copy() {
    const done = await copy(location.href);
    this.#show(done ? "check" : "alert", done ? "Link copied" : "Copy it from the address bar");
    this.dispatchEvent(new CustomEvent("copied", { bubbles: true, detail: { done } }));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#show("link", this.label), SAID_FOR);
  }

  /** @param {string} name @param {string} text */
  #show(name, text) {
    setIcon(this.#icon, name);
    this.#text.textContent = text;
    // Where there is little room the words are hidden, and the name must not be.
    this.#button.setAttribute("aria-label", text);
  }
}

/**
 * @param {string} text
 * @returns {Promise<boolean>}
 */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/**
 * The clipboard is for secure pages only; the old way works on the others.
 * @param {string} text
 */
function copyBySelection(text) {
  const field = h("textarea", { class: "visually-hidden", readonly: true, "aria-hidden": "true" });
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

customElements.define("copy-link", CopyLink);
