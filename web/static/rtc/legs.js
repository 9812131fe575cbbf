/**
 * Both connections of one participant, through the loss of the media worker and its return.
 *
 * It does not know how words reach the server: it is given two functions that carry an offer and an answer there.
 */

import { Emitter } from "../base/emitter.js";
import { PublishLeg } from "./publish_leg.js";
import { SubscribeLeg } from "./subscribe_leg.js";

/** @import { Offer, Source } from "../protocol/types.js" */
/** @import { RemoteTracks } from "./subscribe_leg.js" */
/** @import { PublishOffer } from "./publish_leg.js" */

/** A worker that did not answer in time may be there all the same: ask again after so many milliseconds. */
export const RETRY = 5_000;

/** @typedef {"working" | "restoring" | "blocked" | "refused"} MediaStatus */
/** @typedef {"publish" | "subscribe"} LegName */

/**
 * @typedef {object} Signal
 * @property {(offer: PublishOffer) => Promise<string>} publish gives the server's answer
 * @property {(offer: number, sdp: string) => Promise<void>} answer
 */

/** @extends {Emitter<{tracks: RemoteTracks, status: MediaStatus, connected: LegName}>} */
export class Legs extends Emitter {
  #signal;
  /** @type {PublishLeg | null} */
  publish = null;
  /** @type {SubscribeLeg | null} */
  subscribe = null;
  /** @type {Record<Source, MediaStreamTrack | null>} */
  #tracks = { microphone: null, camera: null };
  #lost = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  #refused = false;
  #people = 1;
  /** @type {MediaStatus} */
  status = "working";

  /** @param {Signal} signal */
  constructor(signal) {
    super();
    this.#signal = signal;
  }

  /**
   * @param {Record<Source, MediaStreamTrack | null>} tracks
   * @param {PublishLeg} [prepared] a leg whose offer has been made already
   */
  async start(tracks, prepared = new PublishLeg()) {
    this.publish?.close();
    this.publish = prepared;
    this.#refused = false;
    this.#watch("publish", prepared);
    prepared.people = this.#people;
    this.send(tracks);
    try {
      const answer = await this.#signal.publish(await prepared.offer);
      if (this.publish !== prepared) return;
      await prepared.accept(answer);
      this.#lost = false;
      this.#tell();
    } catch (error) {
      if (this.publish === prepared) this.#refuse(error, true);
    }
  }

  /** @param {Record<Source, MediaStreamTrack | null>} tracks null for what is off */
  send(tracks) {
    this.#tracks = tracks;
    for (const source of /** @type {Source[]} */ (["microphone", "camera"])) {
      this.publish?.send(source, tracks[source]).catch((error) => console.error("chatroom: the track was refused:", error));
    }
  }

  /** How many there are in the room, oneself included. */
  set people(/** @type {number} */ people) {
    this.#people = people;
    if (this.publish) this.publish.people = people;
  }

  /** @param {Offer} offer */
  receive(offer) {
    if (!this.subscribe) this.#listen();
    this.subscribe?.receive(offer);
  }

  /** Have the connection for the others ready before the first offer comes. */
  listen() {
    if (!this.subscribe) this.#listen();
  }

  /** The media worker is gone, and with it the other end of both connections. */
  lose() {
    this.#lost = true;
    this.#closeBoth();
    this.emit("tracks", new Map());
    this.#tell();
  }

  /** There is a media worker again, which knows nothing of the old connections. */
  restore() {
    this.#lost = false;
    this.#closeBoth();
    this.#tell();
    return this.start(this.#tracks);
  }

  close() {
    this.silence();
    this.#closeBoth();
  }

  #closeBoth() {
    clearTimeout(this.#retry);
    this.publish?.close();
    this.subscribe?.close();
    this.publish = this.subscribe = null;
  }

  #listen() {
    const leg = new SubscribeLeg(this.#signal.answer);
    this.subscribe = leg;
    leg.on("tracks", (tracks) => this.emit("tracks", tracks));
    leg.on("failed", (error) => this.#refuse(error, false));
    this.#watch("subscribe", leg);
  }

  /** @param {LegName} name @param {PublishLeg | SubscribeLeg} leg */
  #watch(name, leg) {
    leg.watch.on("change", (health) => {
      if (health === "connected") this.emit("connected", name);
      this.#tell();
    });
  }

  /** @param {unknown} error @param {boolean} publishing */
  #refuse(error, publishing) {
    // A stale offer is followed by a fresh one, and an absent worker by its return.
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "stale_offer") return;
    if (code === "media_unavailable" || (code === "busy" && publishing)) {
      this.#lost = true;
      if (publishing) this.#retry = setTimeout(() => void this.start(this.#tracks), RETRY);
    } else {
      this.#refused = true;
      console.error("chatroom: pictures and sound could not be set up:", error);
    }
    this.#tell();
  }

  #tell() {
    const status = this.#current();
    if (status === this.status) return;
    this.status = status;
    this.emit("status", status);
  }

  /** @returns {MediaStatus} */
  #current() {
    if (this.#lost) return "restoring";
    if (this.#refused) return "refused";
    const blocked = [this.publish, this.subscribe].some((leg) => leg?.watch.health === "blocked");
    return blocked ? "blocked" : "working";
  }
}
