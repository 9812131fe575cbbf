/** What has been said, in order, with who and when. */

import { clock } from "../text/clock.js";
import { segments } from "../text/links.js";
import { tint } from "./avatar.js";
import { h } from "./dom.js";

/** @import { Message } from "../protocol/types.js" */
/** @import { Unsaid } from "../state/outbox.js" */

/** Messages of one person within this many seconds stand under one name. */
const TOGETHER = 300;
const SHOWN = 500;
/** This close to the end, in pixels, a reader follows what comes. */
const AT_END = 48;

export class ChatLog extends HTMLElement {
  #empty = h("p", { class: "empty" }, "Nothing has been said yet. Messages reach everyone here, and those who come later.");
  /** What is on its way. It is read out when it is said, and not before. */
  #waiting = h("div", { class: "waiting", "aria-live": "off" });
  /** @type {Map<number, HTMLElement>} */
  #unsaid = new Map();
  #you = "";
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
    this.append(this.#empty, this.#waiting);
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
   * Adds those that are not shown yet. To whoever is let in anew it is another chat.
   * @param {readonly Message[]} messages in order of their ids
   * @param {string} you
   */
  show(messages, you) {
    if (you !== this.#you) this.#clear(you);
    const fresh = messages.filter(({ id }) => id > this.#last).slice(-SHOWN);
    if (fresh.length === 0) return;
    const follow = this.#following || fresh.some(({ participant }) => participant === you);
    this.#empty.remove();
    for (const message of fresh) this.#add(message, message.participant === you);
    while (this.childElementCount > SHOWN + 1) this.firstElementChild?.remove();
    if (follow) this.toEnd();
  }

  /** @param {readonly Unsaid[]} unsaid what was written here and is not said yet, in order */
  set unsaid(unsaid) {
    const keys = new Set(unsaid.map(({ key }) => key));
    for (const [key, entry] of this.#unsaid) {
      if (keys.has(key)) continue;
      entry.remove();
      this.#unsaid.delete(key);
    }
    const fresh = unsaid.filter(({ key }) => !this.#unsaid.has(key));
    for (const { key, text } of fresh) {
      const entry = h("article", { class: "message own" }, h("p", { dir: "auto" }, text), h("p", { class: "state" }, "Sending…"));
      this.#unsaid.set(key, entry);
      this.#waiting.append(entry);
    }
    if (fresh.length > 0) {
      this.#empty.remove();
      this.toEnd();
    }
  }

  toEnd() {
    this.#following = true;
    this.scrollTop = this.scrollHeight;
  }

  get #atEnd() {
    return this.scrollHeight - this.scrollTop - this.clientHeight < AT_END;
  }

  /** @param {string} you */
  #clear(you) {
    if (this.#you) this.replaceChildren(...(this.#unsaid.size > 0 ? [] : [this.#empty]), this.#waiting);
    this.#you = you;
    this.#last = -1;
    this.#previous = null;
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
    this.#waiting.before(entry);
    this.#last = message.id;
    this.#previous = message;
  }
}

/** @param {import("../text/links.js").Segment} segment */
function piece({ text, href }) {
  return href === null ? text : h("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
}

customElements.define("chat-log", ChatLog);
