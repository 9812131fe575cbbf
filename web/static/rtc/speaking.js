/** Whether this page's own person is speaking: of the others the server tells. */

const EVERY = 200;
/** A pause for breath is still speech. */
const HOLD = 700;

export class SpeakingWatch {
  #timer;

  /**
   * @param {() => boolean} loud whether the microphone is loud just now
   * @param {(speaking: boolean) => void} show
   */
  constructor(loud, show) {
    let heard = -Infinity;
    let shown = false;
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (loud()) heard = now;
      const speaking = now - heard <= HOLD;
      if (speaking === shown) return;
      shown = speaking;
      show(speaking);
    }, EVERY);
  }

  close() {
    clearInterval(this.#timer);
  }
}
