/** Who is speaking, from how loud everyone arrives. */

const EVERY = 200;
const LOUD = 0.02;
/** A pause for breath is still speech. */
const HOLD = 700;

export class SpeakingWatch {
  /** @type {Map<string, number>} when each was last loud */
  #heard = new Map();
  #timer;

  /**
   * @param {() => Iterable<readonly [string, number]>} levels of everyone, from 0 to 1
   * @param {(ids: ReadonlySet<string>) => void} show
   */
  constructor(levels, show) {
    let shown = "";
    this.#timer = setInterval(() => {
      const now = performance.now();
      const present = new Set();
      for (const [id, level] of levels()) {
        present.add(id);
        if (level > LOUD) this.#heard.set(id, now);
      }
      for (const [id, at] of this.#heard) if (!present.has(id) || now - at > HOLD) this.#heard.delete(id);
      const ids = [...this.#heard.keys()].sort().join();
      if (ids === shown) return;
      shown = ids;
      show(new Set(this.#heard.keys()));
    }, EVERY);
  }

  close() {
    clearInterval(this.#timer);
  }
}

/**
 * @param {RTCRtpReceiver | null} receiver
 * @returns {number} from 0 to 1
 */
export function levelOf(receiver) {
  const [source] = receiver?.getSynchronizationSources() ?? [];
  // A source stays listed for a while after it fell silent.
  if (!source || performance.timeOrigin + performance.now() - source.timestamp > 1000) return 0;
  return source.audioLevel ?? 0;
}
