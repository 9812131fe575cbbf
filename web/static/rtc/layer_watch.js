/** Watches which of a camera's layers are sent, and has the browser look for more where one that is wanted is not. */

import { Headroom } from "./headroom.js";
import { readCamera } from "./stats.js";

/** @import { WantedLayers } from "./wanted_layers.js" */

/** Milliseconds between two looks. */
const LOOK = 1_000;

export class LayerWatch {
  #headroom = new Headroom();
  #sender;
  #wanted;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #looks;

  /** @param {RTCRtpSender} sender @param {WantedLayers} wanted */
  constructor(sender, wanted) {
    this.#sender = sender;
    this.#wanted = wanted;
  }

  begin() {
    this.#looks ??= setInterval(() => void this.#look(), LOOK);
  }

  close() {
    clearInterval(this.#looks);
  }

  async #look() {
    if (!this.#sender.track) return;
    if (this.#headroom.look(await readCamera(this.#sender), performance.now())) this.#wanted.repeat();
  }
}
