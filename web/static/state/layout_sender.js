/**
 * Tells the server how high each picture is on this page, so that no more is sent than can be seen.
 *
 * While a window is dragged there is a new layout with each frame: the last one of a while is told. Nothing is shown of a
 * page that is hidden, but who looks away for a moment finds the pictures still there.
 */

/** @typedef {Readonly<Record<string, number>>} Sizes heights in the display's pixels, by picture */

/** Milliseconds. */
export const SETTLE = 100;
export const HIDE = 3_000;

export class LayoutSender {
  /** @type {(sizes: Sizes) => Promise<unknown>} */
  #send;
  /** @type {Sizes | null} null until there is a layout */
  #sizes = null;
  #hidden = false;
  #told = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(sizes: Sizes) => Promise<unknown>} send */
  constructor(send) {
    this.#send = send;
  }

  /** @param {Sizes} sizes */
  tell(sizes) {
    this.#sizes = sizes;
    if (!this.#hidden) this.#later(SETTLE);
  }

  set hidden(/** @type {boolean} */ hidden) {
    if (hidden === this.#hidden) return;
    this.#hidden = hidden;
    this.#later(hidden ? HIDE : 0);
  }

  /** Whether the server was told of a size that this picture is shown in. @param {string} picture */
  shows(picture) {
    return !this.#hidden && (this.#sizes?.[picture] ?? 0) > 0;
  }

  /** The server may know nothing of it. */
  again() {
    this.#told = "";
    this.#later(0);
  }

  close() {
    clearTimeout(this.#timer);
    this.#sizes = null;
  }

  /** @param {number} pause */
  #later(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#now(), pause);
  }

  #now() {
    if (!this.#sizes) return;
    const sizes = this.#hidden ? {} : this.#sizes;
    const told = JSON.stringify(sizes);
    if (told === this.#told) return;
    this.#told = told;
    this.#send(sizes).catch(() => {
      // Without a socket there is nobody to tell; whoever comes back tells it again.
      if (this.#told === told) this.#told = "";
    });
  }
}
