/** The pictures that are not sent here, as the network does not take them. */

import { pictureOf } from "./screens.js";

/** @import { ServerEvent } from "../protocol/types.js" */

/** @typedef {Extract<ServerEvent, {type: "video_paused" | "video_resumed"}>} PauseEvent */

export class PausedPictures {
  /** @type {Set<string>} */
  #pictures = new Set();
  #tell;

  /** @param {(pictures: ReadonlySet<string>) => void} tell is told of each change */
  constructor(tell) {
    this.#tell = tell;
  }

  /** @param {PauseEvent} event */
  hear(event) {
    const pictures = new Set(this.#pictures);
    pictures.delete(pictureOf(event.participant, event.source));
    // What is not on this page is no news to it.
    if (event.type === "video_paused" && event.reason === "bandwidth") pictures.add(pictureOf(event.participant, event.source));
    this.#become(pictures);
  }

  /** Nothing is known, or nothing is sent at all: what still is paused is said again. */
  forget() {
    this.#become(new Set());
  }

  /** @param {Set<string>} pictures */
  #become(pictures) {
    const changed = pictures.size !== this.#pictures.size || [...pictures].some((id) => !this.#pictures.has(id));
    this.#pictures = pictures;
    if (changed) this.#tell(pictures);
  }
}
