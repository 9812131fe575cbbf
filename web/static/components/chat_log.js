/** What has been said, in order, with who and when. */

import { clock } from "../text/clock.js";
import { segments } from "../text/links.js";
import { tint } from "./avatar.js";
import { h } from "./dom.js";

/** @import { Message } from "../protocol/types.js" */

/** Messages of one person within this many seconds stand under one name. */
const TOGETHER = 300;
const SHOWN = 500;
/** This close to the end, in pixels, a reader follows what comes. */
const AT_END = 48;

export class ChatLog extends HTMLElement {
  #empty = h("p", { class: "empty" }, "Nothing has been said yet. Messages reach everyone here, and those who come later.");
  #last = -1;
  #announcing = true;
  #following = true;
  #resized = new ResizeObserver(() => {
    if (this.#following) this.toEnd();
  });
  /** @type {Message | null} */
  #previous = null;

  constructor() {
    super();
    this.setAttribute("role", "log");
    this.setAttribute("aria-label", "Chat");
    this.append(this.#empty);
    this.addEventListener("scroll", () => (this.#following = this.#atEnd), { passive: true });
  }

  connectedCallback() {
    this.#resized.observe(this);
  }

  disconnectedCallback() {
    this.#resized.disconnect();
  }

  /** Whether what is added is read out. With the panel closed the news says it already. */
  set announcing(/** @type {boolean} */ announcing) {
    this.setAttribute("aria-live", announcing ? "polite" : "off");
    // What cannot be seen is no stop for the keyboard.
    this.#announcing = announcing;
    for (const stop of [this, ...this.querySelectorAll("a")]) stop.tabIndex = announcing ? 0 : -1;
  }

  /**
   * Adds those that are not shown yet.
   * @param {readonly Message[]} messages in order of their ids
   * @param {string} you
   */
  show(messages, you) {
    const fresh = messages.filter(({ id }) => id > this.#last).slice(-SHOWN);
    if (fresh.length === 0) return;
    const follow = this.#following || fresh.some(({ participant }) => participant === you);
    this.#empty.remove();
    for (const message of fresh) this.#add(message, message.participant === you);
    while (this.childElementCount > SHOWN) this.firstElementChild?.remove();
    if (follow) this.toEnd();
  }

  toEnd() {
    this.#following = true;
    this.scrollTop = this.scrollHeight;
  }

  get #atEnd() {
    return this.scrollHeight - this.scrollTop - this.clientHeight < AT_END;
  }

  /** @param {Message} message @param {boolean} own */
  #add(message, own) {
    const previous = this.#previous;
    const follows = previous?.participant === message.participant && message.at - previous.at < TOGETHER;
    const entry = h("article", { class: `message${own ? " own" : ""}${follows ? " follows" : ""}` });
    tint(entry, message.name);
    const time = h("time", { datetime: new Date(message.at * 1000).toISOString() }, clock(message.at));
    const header = h("header", {}, h("bdi", { class: "who" }, own ? "You" : message.name), " ", time);
    entry.append(header, h("p", { dir: "auto" }, ...segments(message.text).map(piece)));
    if (!this.#announcing) for (const link of entry.querySelectorAll("a")) link.tabIndex = -1;
    this.append(entry);
    this.#last = message.id;
    this.#previous = message;
  }
}

/** @param {import("../text/links.js").Segment} segment */
function piece({ text, href }) {
  return href === null ? text : h("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
}

customElements.define("chat-log", ChatLog);
