/**
 * Which layers of a picture are worth sending. One that somebody asks for is sent at once; one that nobody gets is stopped
 * after a while, as tiles change their sizes to and fro.
 */

/** Milliseconds. */
export const LINGER = 2_000;

export class WantedLayers {
  /** @type {(active: ReadonlySet<string>) => Promise<void>} */
  #apply;
  /** @type {ReadonlySet<string> | null} null while nothing was said: all are */
  #wanted = null;
  /** @type {ReadonlySet<string> | null} */
  #active = null;
  #begun = false;
  #working = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(active: ReadonlySet<string>) => Promise<void>} apply */
  constructor(apply) {
    this.#apply = apply;
  }

  /** There is an answer: before it nothing can be changed. */
  begin() {
    this.#begun = true;
    this.#later();
  }

  /** @param {readonly string[]} rids */
  want(rids) {
    this.#wanted = new Set(rids);
    if (!this.#begun) return;
    const more = this.#active !== null && rids.some((rid) => !this.#active?.has(rid));
    if (more) this.#set(new Set([...(this.#active ?? []), ...rids]));
    this.#later();
  }

  /** Say once more which are to be sent. */
  repeat() {
    if (!this.#begun || this.#active === null) return;
    this.#active = new Set(this.#active);
    if (!this.#working) void this.#work();
  }

  close() {
    clearTimeout(this.#timer);
    this.#begun = false;
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#wanted) this.#set(this.#wanted);
    }, LINGER);
  }

  /** @param {ReadonlySet<string>} active */
  #set(active) {
    if (same(active, this.#active)) return;
    this.#active = active;
    if (!this.#working) void this.#work();
  }

  /** One change at a time: the browser refuses another before the last is done. */
  async #work() {
    this.#working = true;
    for (let applied = null; this.#begun && applied !== this.#active; ) {
      applied = this.#active;
      try {
        if (applied) await this.#apply(applied);
      } catch (error) {
        // All are sent, or some: whoever is asked for a layer that does not come gets another.
        console.warn("chatroom: the layers were not changed:", error);
      }
    }
    this.#working = false;
  }
}

/** @param {ReadonlySet<string>} a @param {ReadonlySet<string> | null} b */
const same = (a, b) => b !== null && a.size === b.size && [...a].every((rid) => b.has(rid));
