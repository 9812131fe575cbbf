/** Who speaks and who did, as the server tells: in both, whoever did last is first. */

import { Emitter } from "../base/emitter.js";

/** @import { Participant, ServerEvent } from "../protocol/types.js" */

/** @extends {Emitter<{change: Speakers}>} */
export class Speakers extends Emitter {
  /** @type {readonly string[]} */
  speaking = [];
  /** @type {readonly string[]} */
  spoke = [];

  /** @param {ServerEvent} event */
  take(event) {
    switch (event.type) {
      case "speakers":
        return this.#become(event.speaking, event.spoke);
      case "joined": // what is so follows, if anything is
      case "resumed":
      case "media_lost":
        return this.#become([], []);
    }
  }

  /**
   * Whose tile shows that they speak. Of others that is the server's word, and no longer than their microphone is on;
   * one's own is known here sooner.
   * @param {readonly Participant[]} participants
   * @param {string} you
   * @param {boolean} own whether you speak
   * @returns {ReadonlySet<string>}
   */
  shown(participants, you, own) {
    const on = new Set(participants.filter(({ microphone }) => microphone).map(({ id }) => id));
    const ids = new Set(this.speaking.filter((id) => id !== you && on.has(id)));
    if (own) ids.add(you);
    return ids;
  }

  /** @param {readonly string[]} speaking @param {readonly string[]} spoke */
  #become(speaking, spoke) {
    this.speaking = speaking;
    this.spoke = spoke;
    this.emit("change", this);
  }
}
