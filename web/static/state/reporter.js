/**
 * Says to the server what only this page can know, so that it can tell whoever is concerned: soon after a change, now and
 * then in any case, and when it asks.
 */

/** @import { Report, ServerEvent } from "../protocol/types.js" */

/** Milliseconds. */
export const EVERY = 5_000;
export const AT_MOST_EVERY = 500;

export class Reporter {
  #send;
  #now;
  /** @type {(() => Promise<Report>) | null} */
  #make = null;
  #last = -Infinity;
  #working = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(report: Report) => Promise<unknown>} send @param {() => number} [now] */
  constructor(send, now = () => performance.now()) {
    this.#send = send;
    this.#now = now;
  }

  /** @param {() => Promise<Report>} make looks how things are */
  begin(make) {
    this.#make = make;
    this.soon();
  }

  /** @param {ServerEvent} event */
  take({ type }) {
    if (type === "report_wanted" || type === "joined" || type === "resumed") this.soon();
  }

  /** Something is another than it was. */
  soon() {
    this.#later(Math.max(0, this.#last + AT_MOST_EVERY - this.#now()));
  }

  close() {
    this.#make = null;
    clearTimeout(this.#timer);
  }

  /** @param {number} pause */
  #later(pause) {
    clearTimeout(this.#timer);
    if (this.#make) this.#timer = setTimeout(() => void this.#report(), pause);
  }

  async #report() {
    const make = this.#make;
    if (!make) return;
    // One that still is not answered waits for the server, or for a socket: no second one waits behind it.
    if (this.#working) return this.#later(AT_MOST_EVERY);
    this.#working = true;
    this.#last = this.#now();
    this.#later(EVERY);
    try {
      const report = await make();
      if (this.#make) await this.#send(report);
    } catch (error) {
      // Without a socket there is nobody to tell, and the next report is as good.
      if (!(error instanceof Error && "code" in error)) throw error;
    } finally {
      this.#working = false;
    }
  }
}
