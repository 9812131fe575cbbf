/** Whether the server is still there, from what is heard of it. Pure: times, in milliseconds, are passed in. */

/** An answer that takes longer will not come. */
const ANSWER = 2_000;
/** Asked because there is reason to doubt: the network changed, or the page slept. */
const SOON = 1_500;
/** Whoever looks so much later than they meant to has slept, and what came meanwhile may not have been read yet. */
const OVERSLEPT = 1_000;

/** @typedef {{what: "wait" | "ask", until: number} | {what: "lost"}} Verdict */

export class Silence {
  #limit;
  #heard;
  /** When the answer to a question is late; Infinity while there is none. */
  #deadline = Infinity;
  #asked = 0;
  #doubt = false;

  /** @param {number} now @param {number} limit how long a silence raises no question */
  constructor(now, limit) {
    this.#heard = now;
    this.#limit = limit;
  }

  /** @param {number} now */
  heard(now) {
    this.#heard = now;
    this.#deadline = Infinity;
    this.#asked = 0;
    this.#doubt = false;
  }

  /** Do not wait for silence: the next look asks. */
  doubt() {
    this.#doubt = true;
  }

  /** @param {number} now @returns {Verdict} `ask` is said once for each question that is to be sent */
  look(now) {
    // A clock that was set back says nothing about the silence.
    if (now < this.#heard) this.#heard = now;
    if (this.#doubt) {
      this.#doubt = false;
      return this.#ask(Math.min(this.#deadline, now + SOON));
    }
    if (now >= this.#deadline) {
      if (this.#asked > 1 || now - this.#deadline < OVERSLEPT) return { what: "lost" };
      return this.#ask(now + ANSWER);
    }
    if (this.#deadline < Infinity) return { what: "wait", until: this.#deadline };
    const until = this.#heard + this.#limit;
    return now < until ? { what: "wait", until } : this.#ask(now + ANSWER);
  }

  /** @param {number} deadline @returns {Verdict} */
  #ask(deadline) {
    this.#asked += 1;
    this.#deadline = deadline;
    return { what: "ask", until: deadline };
  }
}
