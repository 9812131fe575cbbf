/** The screens, windows and tabs that this person shares, each with its sound if the browser gives it. */

import { Emitter } from "../base/emitter.js";

/** @typedef {Readonly<{picture: MediaStreamTrack, sound: MediaStreamTrack | null}>} Shared */

/** What is asked of a screen: it is read rather than watched, so sharp comes before smooth. */
const WANTED = {
  video: { frameRate: { ideal: 15, max: 15 } },
  // It is no voice in a room. What this page itself plays is not sent back to those it comes from, where the browser can tell.
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, restrictOwnAudio: true },
  systemAudio: "include",
  surfaceSwitching: "include",
  selfBrowserSurface: "exclude",
};

/** @extends {Emitter<{change: void}>} */
export class Screens extends Emitter {
  /** @type {MediaDevices | undefined} */
  #media;
  /** @type {ReadonlyMap<number, Shared>} */
  #shared = new Map();
  #asking = false;
  #closed = false;
  /** How many may be shared at a time: the server says. */
  limit = 0;

  /** @param {MediaDevices | undefined} media missing on insecure pages */
  constructor(media) {
    super();
    this.#media = media;
  }

  /** Whether this browser can share a screen, and this server takes one; phones cannot. */
  get possible() {
    return this.limit > 0 && typeof this.#media?.getDisplayMedia === "function";
  }

  get full() {
    return this.#shared.size >= this.limit;
  }

  /** By number: another map whenever anything changes. */
  get shared() {
    return this.#shared;
  }

  /** @returns {number[]} in order */
  get numbers() {
    return [...this.#shared.keys()].sort((a, b) => a - b);
  }

  /**
   * Ask the person what to share, and share it. To be called from a click. To choose nothing is no error.
   * @returns {Promise<unknown>} why it could not be, if it could not
   */
  async share() {
    if (!this.possible || this.full || this.#asking || this.#closed) return null;
    this.#asking = true;
    try {
      const stream = await this.#media?.getDisplayMedia(/** @type {DisplayMediaStreamOptions} */ (WANTED));
      if (stream) this.#take(stream);
      return null;
    } catch (error) {
      return refused(error) ? null : error;
    } finally {
      this.#asking = false;
    }
  }

  /** @param {number} number */
  stop(number) {
    const shared = this.#shared.get(number);
    if (!shared) return;
    for (const track of [shared.picture, shared.sound]) track?.stop();
    const left = new Map(this.#shared);
    left.delete(number);
    this.#become(left);
  }

  stopAll() {
    for (const number of this.numbers) this.stop(number);
  }

  /** Share nothing any more, for good. */
  close() {
    this.silence();
    this.#closed = true;
    this.stopAll();
  }

  /** @param {MediaStream} stream */
  #take(stream) {
    const [picture] = stream.getVideoTracks();
    const [sound = null] = stream.getAudioTracks();
    // Whoever left while the browser asked, or was given a lower limit, shares nothing.
    if (!picture || picture.readyState === "ended" || this.#closed || this.full) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    let number = 1;
    while (this.#shared.has(number)) number += 1;
    picture.contentHint = "detail";
    if (sound) sound.contentHint = "music";
    /** @type {Shared} */
    const shared = Object.freeze({ picture, sound });
    // The browser has a button of its own that ends it.
    picture.addEventListener("ended", () => {
      if (this.#shared.get(number) === shared) this.stop(number);
    });
    this.#become(new Map(this.#shared).set(number, shared));
  }

  /** @param {ReadonlyMap<number, Shared>} shared */
  #become(shared) {
    this.#shared = shared;
    this.emit("change", undefined);
  }
}

/** @param {unknown} error */
function refused(error) {
  // The system may refuse on its own, which the person can do something about.
  return error instanceof Error && error.name === "NotAllowedError" && !/system/i.test(error.message);
}
