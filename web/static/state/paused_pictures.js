/** The pictures that are not sent here, as the network does not take them. */

import { pictureOf } from "./screens.js";

/** @import { ServerEvent } from "../protocol/types.js" */

export class PausedPictures {
  /** @type {Set<string>} */
  #pictures = new Set();
  #tell;

  /** @param {(pictures: ReadonlySet<string>) => void} tell is told of each change */
  constructor(tell) {
    this.#tell = tell;
  }

  /** @returns {ReadonlySet<string>} */
  get pictures() {
    return this.#pictures;
  }

  /** @param {ServerEvent} event */
  take(event) {
    switch (event.type) {
      case "video_paused":
      case "video_resumed": {
        const picture = pictureOf(event.participant, event.source);
        const pictures = new Set(this.#pictures);
        pictures.delete(picture);
        // What is not on this page is no news to it.
        if (event.type === "video_paused" && event.reason === "bandwidth") pictures.add(picture);
        return this.#become(pictures);
      }
      case "joined": // what still is paused is said again
      case "resumed":
      case "media_lost":
        return this.#become(new Set());
    }
  }

  /** @param {Set<string>} pictures */
  #become(pictures) {
    const changed = pictures.size !== this.#pictures.size || [...pictures].some((id) => !this.#pictures.has(id));
    this.#pictures = pictures;
    if (changed) this.#tell(pictures);
  }
}
