/**
 * The part of the publish connection that carries screens: two transceivers for each, which come and go with it.
 *
 * What is wanted is brought into an offer in steps, for the lines of an offer are used again only once the other side has
 * agreed that they are free: first what is over is taken out, then what is new is put in.
 */

import { addScreen, addScreenSound, sharpen } from "./transceivers.js";

/** @import { TrackSource } from "../protocol/types.js" */
/** @import { Shared } from "./screens.js" */

/** @typedef {{shared: Shared, picture: RTCRtpTransceiver, sound: RTCRtpTransceiver | null}} Sent */

export class ScreenSenders {
  #connection;
  /** @type {Map<number, Sent>} */
  #sent = new Map();
  /** @type {ReadonlyMap<number, Shared>} */
  wanted = new Map();

  /** @param {RTCPeerConnection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /** Whether another offer is needed. */
  get stale() {
    return this.#over.length > 0 || [...this.wanted.keys()].some((number) => !this.#sent.has(number));
  }

  /** Make the next step; an offer follows. */
  step() {
    const over = this.#over;
    for (const [number, { picture, sound }] of over) {
      picture.stop();
      sound?.stop();
      this.#sent.delete(number);
    }
    if (over.length > 0) return;
    for (const [number, shared] of this.wanted) {
      if (this.#sent.has(number)) continue;
      // One stream for both, so that they are played in step.
      const streams = [new MediaStream()];
      const picture = addScreen(this.#connection, shared.picture, streams);
      const sound = shared.sound && addScreenSound(this.#connection, shared.sound, streams);
      this.#sent.set(number, { shared, picture, sound });
    }
  }

  /** @returns {Record<string, TrackSource>} what the offer carries, by mid */
  get tracks() {
    /** @type {Record<string, TrackSource>} */
    const tracks = {};
    for (const [number, { picture, sound }] of this.#sent) {
      if (picture.mid !== null) tracks[picture.mid] = `screen:${number}`;
      if (sound && sound.mid !== null) tracks[sound.mid] = `screen_sound:${number}`;
    }
    return tracks;
  }

  /** The offer was answered. */
  async tune() {
    for (const { picture } of this.#sent.values()) await sharpen(picture.sender);
  }

  /** @returns {[number, Sent][]} what is sent and not wanted any more */
  get #over() {
    return [...this.#sent].filter(([number, { shared }]) => this.wanted.get(number) !== shared);
  }
}
