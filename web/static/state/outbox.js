/**
 * What was written and is not said yet, kept in order through the loss of a socket.
 *
 * A message that was sent and not answered may have been said or not. Whether it was is seen from what the room says after
 * the return: its own words come back to it, and then they are not said twice.
 */

import { Emitter } from "../base/emitter.js";

/** @import { Message } from "../protocol/types.js" */

export const OUTBOX_LIMIT = 50;
/** After `rate_limited`: the server lets twenty commands pass in a second. */
const SLOWER = 500;

/** @typedef {{key: number, text: string}} Unsaid */

/**
 * @typedef {object} Entry
 * @property {number} key
 * @property {string} text
 * @property {"waiting" | "sent" | "taken"} state taken: answered with ok, and not heard in the room yet
 * @property {string} author who this page was in the room when it was sent
 * @property {number} after the last message that was known then
 * @property {() => void} resolve
 * @property {(error: unknown) => void} reject
 */

/** @extends {Emitter<{change: readonly Unsaid[]}>} */
export class Outbox extends Emitter {
  #send;
  /** @type {Entry[]} */
  #entries = [];
  #keys = 0;
  #open = false;
  /** Which socket it is: what an old one did not answer is not known. */
  #turn = 0;
  #working = false;
  #you = "";
  #newest = 0;

  /** @param {(text: string) => Promise<unknown>} send */
  constructor(send) {
    super();
    this.#send = send;
  }

  /** @returns {readonly Unsaid[]} */
  get unsaid() {
    return this.#entries.map(({ key, text }) => ({ key, text }));
  }

  /**
   * @param {string} text
   * @returns {Promise<void>} resolves when it is said, and rejects if it never will be
   */
  say(text) {
    if (this.#entries.length >= OUTBOX_LIMIT) return Promise.reject(new Error("Too many messages are waiting to be sent."));
    return new Promise((resolve, reject) => {
      this.#entries.push({ key: ++this.#keys, text, state: "waiting", author: "", after: 0, resolve, reject });
      this.#changed();
      void this.#work();
    });
  }

  /** There is nobody to send to. */
  close() {
    this.#open = false;
    this.#turn += 1;
  }

  /** Everything that was said meanwhile is known: what is still here was not, and is sent. */
  open() {
    this.#open = true;
    for (const entry of [...this.#entries]) {
      if (entry.state === "taken") this.#remove(entry);
      else entry.state = "waiting";
    }
    void this.#work();
  }

  /**
   * What the room has said so far, from a snapshot.
   * @param {string} you
   * @param {readonly Message[]} messages
   */
  begin(you, messages) {
    for (const message of messages) this.heard(message);
    this.#you = you;
    this.#newest = messages.at(-1)?.id ?? 0;
  }

  /** @param {Message} message */
  heard({ id, participant, text }) {
    this.#newest = id;
    const own = this.#entries.find(
      (entry) => entry.state !== "waiting" && entry.author === participant && entry.after < id && entry.text.trim() === text.trim(),
    );
    if (own) this.#remove(own);
  }

  async #work() {
    if (this.#working) return;
    this.#working = true;
    for (let entry = this.#next(); entry; entry = this.#next()) {
      const turn = this.#turn;
      Object.assign(entry, { state: "sent", author: this.#you, after: this.#newest });
      try {
        await this.#send(entry.text);
        entry.resolve();
        // It goes when the room says it, so that it is never missing from what is shown.
        if (entry.state === "sent") entry.state = "taken";
      } catch (error) {
        if (turn !== this.#turn) continue;
        if (codeOf(error) === "rate_limited") {
          entry.state = "waiting";
          await new Promise((resolve) => setTimeout(resolve, SLOWER));
        } else {
          entry.reject(error);
          this.#remove(entry);
        }
      }
    }
    this.#working = false;
  }

  /** @returns {Entry | undefined} one at a time: at most one can be in doubt */
  #next() {
    return this.#open ? this.#entries.find(({ state }) => state === "waiting") : undefined;
  }

  /** @param {Entry} entry */
  #remove(entry) {
    entry.resolve();
    this.#entries = this.#entries.filter((each) => each !== entry);
    this.#changed();
  }

  #changed() {
    this.emit("change", this.unsaid);
  }
}

/** @param {unknown} error */
const codeOf = (error) => (error instanceof Error && "code" in error ? error.code : "");
