/** The pictures that are not sent here, as the network does not take them or this browser cannot decode them. */

import { pictureOf } from "./screens.js";

/** @import { ServerEvent } from "../protocol/types.js" */

/** @typedef {"bandwidth" | "codec"} PauseReason what a person is told of */

export class PausedPictures {
  /** @type {ReadonlyMap<string, PauseReason>} */
  #pictures = new Map();
  #tell;

  /** @param {(pictures: ReadonlyMap<string, PauseReason>) => void} tell is told of each change */
  constructor(tell) {
    this.#tell = tell;
  }

  /** @returns {ReadonlyMap<string, PauseReason>} */
  get pictures() {
    return this.#pictures;
  }

  /** @param {ServerEvent} event */
  take(event) {
    switch (event.type) {
      case "video_paused":
      case "video_resumed": {
        const picture = pictureOf(event.participant, event.source);
        const pictures = new Map(this.#pictures);
        pictures.delete(picture);
        // What is not on this page is no news to it.
        if (event.type === "video_paused" && event.reason !== "layout") pictures.set(picture, event.reason);
        return this.#become(pictures);
      }
      case "joined": // what still is paused is said again
      case "resumed":
      case "media_lost":
        return this.#become(new Map());
    }
  }

  /** @param {Map<string, PauseReason>} pictures */
  #become(pictures) {
    const changed = pictures.size !== this.#pictures.size || [...pictures].some(([id, reason]) => this.#pictures.get(id) !== reason);
    this.#pictures = pictures;
    if (changed) this.#tell(pictures);
  }
}
