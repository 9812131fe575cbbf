/** When to try to come back into a room, and when to stop trying. Pure: times, in milliseconds, and chance are passed in. */

/** Whoever was away for longer does not find the camera switched on in a call by itself. */
export const GIVE_UP_AFTER = 300_000;

/** The first try comes at once for one page, and not at the same moment for all. */
const FIRST = 100;
const STEP = 500;
const LONGEST = 8_000;
/** When a server goes and says when it is back, its people come back over so long a time. */
const SPREAD = 2_000;
/** Who is lost again sooner than this has not come back for good: the more often that happens, the longer the pause. */
const STEADY = 10_000;
/**
 * A websocket to a dead network would stay in CONNECTING for minutes. The first try is given up soon: the others are told
 * of a leave after some ten seconds, of which the silence has taken six.
 */
const PATIENCE = [3_000, 6_000, 6_000];
const LONG_PATIENCE = 12_000;
/** A try that was begun before the network changed goes to the old one. */
const STALE = 1_500;

/** @typedef {{what: "wait", until: number} | {what: "try"} | {what: "drop"} | {what: "give up"}} Next */

/**
 * What the server closes is over, but for a server that stops. A stay that ended because nothing was heard (4002) is over
 * too, but the person did not leave: the page asks to be let in again.
 * @param {number} code how a socket that was in the room ended
 */
export const comesBack = (code) => code === 1001 || code === 1006 || code === 4002 || (code >= 3000 && code < 4000);

/**
 * Until it is in the room a socket may also be one too many (4005), or too slow to say so (4000): the old ones go by and by.
 * @param {number} code how a socket ended that was on its way into the room
 */
export const triesAgain = (code) => comesBack(code) || code === 4000 || code === 4005;

/**
 * @param {string} code why the server did not let the page in
 * @returns {boolean} whether that may be different in a moment
 */
export const passes = (code) => ["server_stopping", "rate_limited", "busy", "media_unavailable"].includes(code);

export class Reconnect {
  #random;
  /** When the page was last known to be in the room. */
  #seen;
  /** Since when it has been in it without a break. */
  #entered;
  /** Since the page was in the room. */
  #tries = 0;
  /** How often in a row it was lost again soon. */
  #short = 0;
  /** @type {"in" | "waiting" | "trying"} */
  #phase = "in";
  /** When the next try begins, or the present one has taken too long. */
  #at = Infinity;
  /** Before this the server is not there, whatever anybody hopes. */
  #earliest = 0;

  /** @param {number} now @param {() => number} [random] */
  constructor(now, random = Math.random) {
    this.#random = random;
    this.#seen = this.#entered = now;
  }

  /** Something came from the server while in the room. @param {number} now */
  heard(now) {
    if (this.#phase === "in") this.#seen = now;
  }

  /** @param {number} now @returns {number} how long the page has been away */
  away(now) {
    return Math.max(0, now - this.#seen);
  }

  /**
   * The socket is gone.
   * @param {number} now
   * @param {number | null} backIn in how many milliseconds the server wanted to be back, if it said goodbye
   */
  lost(now, backIn) {
    this.#short = now - this.#entered > STEADY ? 0 : this.#short + 1;
    this.#phase = "waiting";
    this.#earliest = backIn === null ? 0 : now + backIn;
    this.#at = backIn === null ? now + this.#pause() : this.#earliest + this.#random() * SPREAD;
  }

  /** A try begins. @param {number} now */
  began(now) {
    this.#phase = "trying";
    this.#at = now + (PATIENCE[this.#tries] ?? LONG_PATIENCE);
    this.#tries += 1;
  }

  /** It came to nothing. @param {number} now */
  failed(now) {
    this.#phase = "waiting";
    this.#at = now + this.#pause();
  }

  /** It is in the room again. @param {number} now */
  entered(now) {
    this.#phase = "in";
    this.#at = Infinity;
    this.#tries = 0;
    this.#seen = this.#entered = now;
  }

  /** The network may be back, or the person: do not wait any longer. @param {number} now */
  hurry(now) {
    if (this.#phase === "waiting") this.#at = Math.min(this.#at, Math.max(now, this.#earliest));
    if (this.#phase === "trying") this.#at = Math.min(this.#at, now + STALE);
  }

  /** @param {number} now @returns {Next} */
  next(now) {
    if (this.#phase === "in") return { what: "wait", until: Infinity };
    if (this.away(now) >= GIVE_UP_AFTER) return { what: "give up" };
    const until = Math.min(this.#at, this.#seen + GIVE_UP_AFTER);
    if (now < this.#at) return { what: "wait", until };
    return this.#phase === "trying" ? { what: "drop" } : { what: "try" };
  }

  /** The first pause is next to nothing, the others grow, and each is drawn from nothing up to its full length. */
  #pause() {
    const before = this.#tries + this.#short;
    const most = before === 0 ? FIRST : Math.min(LONGEST, STEP * 2 ** (before - 1));
    return this.#random() * most;
  }
}
