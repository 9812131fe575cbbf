/** Whose pictures are not sent here, as the network does not take them. */

/** @import { ServerEvent } from "../protocol/types.js" */

/** @typedef {Extract<ServerEvent, {type: "video_paused" | "video_resumed"}>} PauseEvent */

export class PausedPictures {
  /** @type {Set<string>} */
  #people = new Set();
  #tell;

  /** @param {(people: ReadonlySet<string>) => void} tell is told of each change */
  constructor(tell) {
    this.#tell = tell;
  }

  /** @param {PauseEvent} event */
  hear(event) {
    const people = new Set(this.#people);
    people.delete(event.participant);
    // What is not on this page is no news to it.
    if (event.type === "video_paused" && event.reason === "bandwidth") people.add(event.participant);
    this.#become(people);
  }

  /** Nothing is known, or nothing is sent at all: what still is paused is said again. */
  forget() {
    this.#become(new Set());
  }

  /** @param {Set<string>} people */
  #become(people) {
    const changed = people.size !== this.#people.size || [...people].some((id) => !this.#people.has(id));
    this.#people = people;
    if (changed) this.#tell(people);
  }
}
