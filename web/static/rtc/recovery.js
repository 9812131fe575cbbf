/** What to do, and when, about a connection that carries nothing. Pure: times, in milliseconds, are passed in. */

/** A connection that is not there by then will hardly be. */
export const PATIENCE = 10_000;

/** Packets may be late for so long without anything being wrong. */
const INTERRUPTION = 2_000;
/** New credentials help soon or not at all. */
const RESTART_HELPS_WITHIN = 8_000;
/** How long to wait after each try to begin again, which costs the server a connection. */
const PAUSES = [PATIENCE, 20_000, 40_000, 60_000];
/** So long after a change of the network an interruption is not taken for a passing one. */
const CHANGED = 10_000;

/** @typedef {"new" | "connecting" | "connected" | "restoring" | "blocked"} Health */
/** @typedef {"restart" | "renew"} Remedy new credentials for the connection, or a new connection */

export class Recovery {
  /** @type {RTCPeerConnectionState} */
  #state = "new";
  /** Both descriptions are known, so it should connect. */
  #begun = false;
  /** Whether it ever carried anything, in this life of the media plane. */
  #worked = false;
  #tries = 0;
  #due = Infinity;
  #gaveUp = false;
  #asked = false;
  #changed = -Infinity;

  /** @returns {Health} */
  get health() {
    if (this.#gaveUp) return "blocked";
    if (this.#state === "connected") return "connected";
    if (this.#tries > 0) return "restoring";
    if (this.#worked) return "connected";
    return this.#begun ? "connecting" : "new";
  }

  /**
   * @param {RTCPeerConnectionState} state
   * @param {boolean} begun
   * @param {number} now
   */
  see(state, begun, now) {
    const [before, began] = [this.#state, begun && !this.#begun];
    this.#state = state;
    this.#begun = begun;
    if (state === "connected") {
      this.#worked = true;
      this.#gaveUp = false;
      this.#tries = 0;
      this.#due = Infinity;
    } else if (state === "failed" && before !== "failed") {
      this.#failed(now);
    } else if (state === "disconnected" && before === "connected") {
      this.#due = now + (now - this.#changed < CHANGED ? 0 : INTERRUPTION);
    } else if (began) {
      this.#grant(now);
    }
  }

  /** The network changed: whatever does not flow now will not by itself. @param {number} now */
  networkChanged(now) {
    this.#changed = now;
    if (this.#state === "disconnected" || this.#state === "failed" || this.#gaveUp) this.#due = Math.min(this.#due, now);
  }

  /** Somebody asks for it: begin again, and with new hope. @param {number} now */
  again(now) {
    this.#gaveUp = false;
    this.#asked = true;
    this.#tries = 1;
    this.#due = now;
  }

  /** There is another connection in its place. @param {number} now */
  replaced(now) {
    this.#state = "new";
    this.#begun = false;
    this.#grant(now);
  }

  /** The other end is gone, and everything begins anew. */
  reset() {
    this.#state = "new";
    this.#begun = this.#worked = this.#gaveUp = this.#asked = false;
    this.#tries = 0;
    this.#due = Infinity;
  }

  /** When to look again. */
  get due() {
    return this.#due;
  }

  /**
   * @param {number} now
   * @param {boolean} able whether anything can be done now: what cannot is still to be done later
   * @returns {Remedy | null} what to do now; it counts as done
   */
  look(now, able) {
    if (now < this.#due) return null;
    if (this.#idle && !this.#asked) {
      this.reset();
      return null;
    }
    // Before anything was tried, a connection that never worked is said to be blocked, and given time.
    if (!this.#worked && this.#tries === 0 && !this.#gaveUp) {
      this.#gaveUp = true;
      this.#due = now + (PAUSES[1] ?? 0);
      return null;
    }
    if (this.#tries > 1) this.#gaveUp = true;
    if (!able) return null;
    this.#tries += 1;
    this.#asked = false;
    if (this.#worked && this.#tries === 1) {
      this.#due = now + RESTART_HELPS_WITHIN;
      return "restart";
    }
    this.#due = now + (PAUSES[Math.min(Math.max(this.#tries - 2, 0), PAUSES.length - 1)] ?? 0);
    return "renew";
  }

  /** Time to connect, and no less than was meant to pass before the next try. @param {number} now */
  #grant(now) {
    const least = now + PATIENCE;
    this.#due = this.#due < Infinity ? Math.max(this.#due, least) : least;
  }

  /** A new connection that was never begun waits for nothing: there is nobody to hear. */
  get #idle() {
    return this.#state === "new" && !this.#begun;
  }

  /** @param {number} now */
  #failed(now) {
    if (!this.#worked && this.#tries === 0) {
      this.#gaveUp = true;
      this.#due = now + (PAUSES[1] ?? 0);
    } else if (this.#tries <= 1) {
      this.#due = now;
    }
  }
}

/** @typedef {"working" | "restoring" | "blocked" | "refused"} MediaStatus */

/**
 * @param {readonly Recovery["health"][]} health of each connection
 * @returns {MediaStatus} what it comes to
 */
export function statusOf(health) {
  if (health.includes("blocked")) return "blocked";
  return health.includes("restoring") ? "restoring" : "working";
}
