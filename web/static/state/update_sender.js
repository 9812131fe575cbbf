/**
 * Tells the server which switches are on, one command at a time.
 *
 * Someone may press a button faster than answers come: only the latest state is worth sending then.
 */

import { NotAnswered } from "../protocol/socket.js";

/** @import { Switches } from "../rtc/local_media.js" */

export class UpdateSender {
  /** @type {(switches: Switches) => Promise<unknown>} */
  #send;
  /** @type {Switches | null} */
  #known = null;
  /** @type {Switches | null} */
  #wanted = null;
  #sending = false;

  /** @param {(switches: Switches) => Promise<unknown>} send */
  constructor(send) {
    this.#send = send;
  }

  /**
   * The server knows this already, or is being told by other words.
   * @param {Switches} switches
   */
  told(switches) {
    this.#known = { ...switches };
  }

  /** @param {Switches} switches */
  tell(switches) {
    this.#wanted = { ...switches };
    if (!this.#sending) void this.#work();
  }

  async #work() {
    this.#sending = true;
    while (this.#wanted && !same(this.#wanted, this.#known)) {
      const sent = this.#wanted;
      try {
        await this.#send(sent);
        this.#known = sent;
      } catch (error) {
        // It may have been heard or not.
        this.#known = null;
        // The next change tries again; a closed socket has nobody to tell, and that is no fault.
        const say = error instanceof NotAnswered ? console.warn : console.error;
        say("chatroom: the switches were not updated:", error);
        break;
      }
    }
    this.#sending = false;
  }
}

/** @param {Switches} a @param {Switches | null} b */
const same = (a, b) => a.microphone === b?.microphone && a.camera === b.camera && String(a.screens) === String(b.screens);
