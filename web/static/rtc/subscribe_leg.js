/** The connection that carries everybody else's sound and picture to this page. The server offers. */

import { Emitter } from "../base/emitter.js";
import { configuration } from "./configuration.js";
import { LegWatch } from "./leg_watch.js";
import { inStereo } from "./stereo.js";

/** @import { IceServer, Offer, TrackOwner } from "../protocol/types.js" */

const OFFERS_WAITING = 32;

/** @typedef {{picture: MediaStreamTrack | null, sound: MediaStreamTrack | null}} ScreenTracks */
/** @typedef {{microphone: MediaStreamTrack | null, camera: MediaStreamTrack | null, screens: Map<number, ScreenTracks>}} Tracks */
/** @typedef {ReadonlyMap<string, Tracks>} RemoteTracks by participant */

/** @extends {Emitter<{tracks: RemoteTracks, failed: unknown}>} */
export class SubscribeLeg extends Emitter {
  /** @type {(offer: number, sdp: string) => Promise<void>} */
  #answer;
  /** @type {Offer[]} */
  #offers = [];
  #working = false;
  #closed = false;
  /** @type {Record<string, TrackOwner>} */
  #owners = {};
  /** @type {WeakSet<MediaStreamTrack>} */
  #watched = new WeakSet();

  /**
   * @param {(offer: number, sdp: string) => Promise<void>} answer
   * @param {IceServer[]} [iceServers]
   */
  constructor(answer, iceServers = []) {
    super();
    this.#answer = answer;
    this.connection = new RTCPeerConnection(configuration(iceServers));
    this.watch = new LegWatch(this.connection);
  }

  /** Ways are found with these servers from the first offer on, or the next that asks for them. @param {IceServer[]} iceServers */
  useServers(iceServers) {
    this.connection.setConfiguration?.(configuration(iceServers));
  }

  /**
   * Offers are answered one at a time, in order.
   * @param {Offer} offer
   */
  receive(offer) {
    if (this.#offers.length >= OFFERS_WAITING) this.emit("failed", new Error("too many offers are waiting"));
    else this.#offers.push(offer);
    if (!this.#working) void this.#work();
  }

  /** Whose each line is, by mid. @returns {Readonly<Record<string, TrackOwner>>} */
  get owners() {
    return this.#owners;
  }

  /** What can be shown and heard just now: tracks on which something has arrived. */
  get tracks() {
    /** @type {Map<string, Tracks>} */
    const tracks = new Map();
    for (const { mid, receiver } of this.connection.getTransceivers()) {
      const owner = mid === null ? undefined : this.#owners[mid];
      if (!owner) continue;
      const own = tracks.get(owner.participant) ?? { microphone: null, camera: null, screens: new Map() };
      tracks.set(owner.participant, own);
      if (!receiver.track.muted) put(own, owner.source, receiver.track);
    }
    return tracks;
  }

  close() {
    this.#closed = true;
    this.#offers.length = 0;
    this.watch.close();
    this.connection.close();
    this.silence();
  }

  async #work() {
    this.#working = true;
    for (let offer = this.#offers.shift(); offer && !this.#closed; offer = this.#offers.shift()) {
      try {
        await this.#take(offer);
      } catch (error) {
        if (!this.#closed) this.emit("failed", error);
      }
    }
    this.#working = false;
  }

  /** @param {Offer} offer */
  async #take({ offer, sdp, tracks }) {
    await this.connection.setRemoteDescription({ type: "offer", sdp });
    this.#owners = tracks;
    for (const { receiver } of this.connection.getTransceivers()) this.#follow(receiver.track);
    this.emit("tracks", this.tracks);
    await this.#describe(tracks);
    const answered = this.#answer(offer, this.connection.localDescription?.sdp ?? "");
    this.watch.begin();
    await answered;
  }

  /** @param {Record<string, TrackOwner>} tracks */
  async #describe(tracks) {
    const { type, sdp } = await this.connection.createAnswer();
    const sounds = Object.entries(tracks).filter(([, { source }]) => source.startsWith("screen_sound:"));
    const stereo = inStereo(sdp ?? "", new Set(sounds.map(([mid]) => mid)));
    try {
      await this.connection.setLocalDescription({ type, sdp: stereo });
    } catch (error) {
      if (stereo === sdp) throw error;
      // A browser that takes its own words only: then the sound is heard in the middle.
      await this.connection.setLocalDescription({ type, sdp });
    }
  }

  /** @param {MediaStreamTrack} track */
  #follow(track) {
    if (this.#watched.has(track)) return;
    this.#watched.add(track);
    const changed = () => this.emit("tracks", this.tracks);
    track.addEventListener("unmute", changed);
    track.addEventListener("mute", changed);
  }
}

/** @param {Tracks} own @param {string} source @param {MediaStreamTrack} track */
function put(own, source, track) {
  if (source === "microphone" || source === "camera") {
    own[source] = track;
    return;
  }
  const [kind, number] = source.split(":");
  if (kind !== "screen" && kind !== "screen_sound") return;
  const screen = own.screens.get(Number(number)) ?? { picture: null, sound: null };
  screen[kind === "screen" ? "picture" : "sound"] = track;
  own.screens.set(Number(number), screen);
}
