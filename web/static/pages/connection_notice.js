/** Tells the person that the connection is gone and when it is back, calmly: a blink is not worth words. */

import { backWords, goneWords, reconnectingWords, stoppingWords } from "../text/words.js";

/** @import { RoomView } from "../components/room_view.js" */
/** @import { Session } from "../state/session.js" */

const BLINK = 1_000;
const SECOND = 1_000;

export class ConnectionNotice {
  #view;
  #changed;
  #session;
  /** Whether the person has been told that they are reconnecting. */
  shown = false;
  /** When the server stops, or has stopped; null if it did not say so. @type {number | null} */
  #stopsAt = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {(() => void)[]} */
  #undo;

  /**
   * @param {object} parts
   * @param {Session} parts.session
   * @param {RoomView} parts.view
   * @param {() => void} parts.changed whether it is shown
   */
  constructor({ session, view, changed }) {
    this.#session = session;
    this.#view = view;
    this.#changed = changed;
    this.#undo = [
      session.on("connection", (status) => (status === "connected" ? this.#back() : this.#lost())),
      session.on("stopping", ({ stops_in }) => this.#stopping(stops_in)),
    ];
  }

  close() {
    for (const undo of this.#undo) undo();
    clearTimeout(this.#timer);
  }

  #lost() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#show(this.#stopsAt === null ? reconnectingWords : goneWords);
    }, this.#stopsAt === null ? BLINK : 0);
  }

  #back() {
    clearTimeout(this.#timer);
    this.#stopsAt = null;
    this.#view.connection.show(null);
    if (!this.shown) return;
    this.shown = false;
    this.#view.toasts.say(backWords);
    this.#changed();
  }

  /** @param {string} text */
  #show(text) {
    this.#view.connection.show({ text, busy: true });
    this.#view.toasts.say(text, { unseen: true });
    this.shown = true;
    this.#changed();
  }

  /** @param {number} seconds */
  #stopping(seconds) {
    this.#stopsAt = performance.now() + seconds * SECOND;
    this.#view.toasts.say(stoppingWords(Math.round(seconds)), { unseen: true });
    this.#count();
  }

  /** The time that is left is shown as it goes, and said only once. */
  #count() {
    clearTimeout(this.#timer);
    if (this.#stopsAt === null || this.#session.status !== "connected") return;
    const left = Math.max(0, (this.#stopsAt - performance.now()) / SECOND);
    // What lasts has a place of its own; what is over at once does not move the pictures for it.
    this.#view.connection.show({ text: stoppingWords(Math.round(left)), busy: left < 1 });
    if (left > 0) this.#timer = setTimeout(() => this.#count(), SECOND);
  }
}
