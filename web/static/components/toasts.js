/**
 * What just happened, for eyes and for screen readers alike: one polite live region in which every piece of news stays
 * for a while, so that none is lost when several come at once.
 */

import { h } from "./dom.js";

const SHOWN_FOR = 5000;
const KEPT = 24;

export class StatusToasts extends HTMLElement {
  /** @type {Set<ReturnType<typeof setTimeout>>} */
  #timers = new Set();

  constructor() {
    super();
    this.setAttribute("role", "status");
    this.setAttribute("aria-live", "polite");
    this.setAttribute("aria-atomic", "false");
  }

  disconnectedCallback() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /**
   * @param {string} text
   * @param {{unseen?: boolean, about?: string, name?: string}} [how] unseen: said only, because it is shown elsewhere already;
   *   about: for `clear`; name: whose name the text begins with, which may be written from right to left
   */
  say(text, { unseen = false, about, name = "" } = {}) {
    const [who, what] = text.startsWith(name) ? [name, text.slice(name.length)] : ["", text];
    const toast = h("p", { class: unseen ? "visually-hidden" : "toast", "data-about": about }, who ? h("bdi", {}, who) : null, what);
    this.append(toast);
    while (this.childElementCount > KEPT) this.firstElementChild?.remove();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      toast.remove();
    }, SHOWN_FOR);
    this.#timers.add(timer);
  }

  /**
   * Take away what has been seen elsewhere by now.
   * @param {string} about
   */
  clear(about) {
    for (const toast of this.querySelectorAll(`[data-about="${about}"]`)) toast.remove();
  }
}

customElements.define("status-toasts", StatusToasts);
