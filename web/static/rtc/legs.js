/**
 * Both connections of one participant, through whatever becomes of them: a media worker that goes and comes back, a
 * network that changes, words that are lost on the way.
 *
 * It does not know how words reach the server: it is given functions that carry an offer and an answer there, and is told
 * while they cannot.
 */

import { Emitter } from "../base/emitter.js";
import { Predecessors } from "./predecessors.js";
import { PublishLeg } from "./publish_leg.js";
import { Recoveries } from "./recoveries.js";
import { statusOf } from "./recovery.js";
import { SubscribeLeg } from "./subscribe_leg.js";

/** @import { Signal } from "./signal.js" */
/** @import { IceServer, Offer, Source } from "../protocol/types.js" */
/** @import { RemoteTracks } from "./subscribe_leg.js" */
/** @import { Shared } from "./screens.js" */

/** A worker that did not answer in time may be there all the same: ask again after so many milliseconds. */
export const RETRY = 5_000;
/** Where another worker is ready, that is the next word: for so many milliseconds nothing is made of it that one is gone. */
export const AT_ONCE = 300;

/** @import { MediaStatus } from "./recovery.js" */
/** @import { LegName } from "./recoveries.js" */

/** @extends {Emitter<{tracks: RemoteTracks, status: MediaStatus, connected: LegName, flows: boolean}>} */
export class Legs extends Emitter {
  #signal;
  /** @type {PublishLeg | null} */
  publish = null;
  /** @type {SubscribeLeg | null} */
  subscribe = null;
  #recoveries;
  /** @type {Record<Source, MediaStreamTrack | null>} */
  #tracks = { microphone: null, camera: null };
  /** @type {ReadonlyMap<number, Shared>} */
  #screens = new Map();
  #words = true;
  /** The number of the offer that was made last: an answer to an earlier one is not for us. */
  #round = 0;
  #unanswered = false;
  /**
   * Offers that came while a new subscribe connection is being asked for: they are for the old one.
   * @type {Offer[] | null}
   */
  #held = null;
  #lost = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  #refused = false;
  /** Until when it is not said that the worker is gone. @type {ReturnType<typeof setTimeout> | undefined} */
  #blink;
  #former = new Predecessors((tracks) => this.emit("tracks", tracks));
  /** @type {IceServer[]} */
  #iceServers = [];
  /** @type {MediaStatus} */
  status = "working";
  /** Whether anything goes through, as far as is known: then the server hears of this page even without words. */
  flows = false;
  /** Whether the room has no media worker for a while, as it made several fail. */
  shutOut = false;

  /** @param {Signal} signal @param {() => number} [now] in milliseconds */
  constructor(signal, now = () => performance.now()) {
    super();
    this.#signal = signal;
    this.#recoveries = new Recoveries(now, {
      words: () => this.#words,
      able: () => this.#words && !this.#lost,
      remedy: (name, remedy) => this.#remedy(name, remedy),
      connected: (name) => this.emit("connected", name),
      looked: () => this.#tell(),
    });
  }

  /**
   * @param {Record<Source, MediaStreamTrack | null>} tracks
   * @param {PublishLeg} [prepared] a leg whose offer has been made already, when no servers were known
   */
  start(tracks, prepared) {
    this.publish?.close();
    if (prepared && this.#iceServers.length > 0) prepared.equip(this.#iceServers);
    prepared ??= new PublishLeg(this.#iceServers);
    this.publish = prepared;
    this.#refused = false;
    this.#recoveries.follow("publish", prepared.watch);
    prepared.share(this.#screens);
    this.send(tracks);
    return this.#negotiate(prepared);
  }

  /** @param {Record<Source, MediaStreamTrack | null>} tracks null for what is off */
  send(tracks) {
    this.#tracks = tracks;
    for (const source of /** @type {Source[]} */ (["microphone", "camera"])) {
      this.publish?.send(source, tracks[source]).catch((error) => console.error("chatroom: the track was refused:", error));
    }
  }

  /** @param {ReadonlyMap<number, Shared>} screens all that are shared now */
  share(screens) {
    this.#screens = screens;
    this.publish?.share(screens);
    this.#offerAnew();
  }

  /** What is sent is to be offered again, for a codec that others can decode. */
  republish() {
    this.publish?.repeat();
    this.#offerAnew();
  }

  /** Which layers anybody is sent. @param {string} mid @param {readonly string[]} rids */
  want(mid, rids) {
    this.publish?.want(mid, rids);
  }

  /**
   * What helps to find a way, with what has to be shown to it, which is good for a while only. A connection for which
   * somebody looks for a way already, without it, looks again.
   */
  set iceServers(/** @type {IceServer[]} */ iceServers) {
    const late = this.#iceServers.length === 0 && iceServers.length > 0 && this.publish?.watch.state === "new";
    this.#iceServers = iceServers;
    this.subscribe?.useServers(iceServers);
    if (late && this.publish) {
      this.publish.equip(iceServers);
      void this.#negotiate(this.publish);
    } else {
      this.publish?.useServers(iceServers);
    }
  }

  /** Words do not reach the server. What flows goes on without; what has to be asked for waits. */
  pause() {
    this.#words = false;
  }

  /**
   * Words reach the server again.
   * @param {object} there
   * @param {boolean} there.media whether there is a media worker
   * @param {boolean} there.anew whether it knows nothing of these connections
   */
  resume({ media, anew }) {
    if (this.#words) return;
    this.#words = true;
    if (!media) return this.#miss();
    if (anew || (this.#lost && !this.publish)) return this.renew();
    // The same offer again: it may have been heard, and then it is answered once more.
    if (this.#unanswered && this.publish) void this.#negotiate(this.publish);
    else this.#offerAnew();
    if (this.#held) void this.#renewSubscribe();
    this.#recoveries.look();
  }

  /** @param {Offer} offer */
  receive(offer) {
    if (this.#held) return void this.#held.push(offer);
    this.listen();
    this.subscribe?.receive(offer);
  }

  /** Have the connection for the others ready before the first offer comes. */
  listen() {
    if (!this.subscribe) this.#listen();
  }

  /** The server may think of a connection for the others that this page does not have: begin that one anew. */
  relisten() {
    this.listen();
    void this.#renewSubscribe();
  }

  /** The media worker is gone, and with it the other end of both connections. @param {number} [retryAfter] seconds without any */
  lose(retryAfter = 0) {
    this.#lost = true;
    this.#setAside();
    if (retryAfter > 0 || this.status === "restoring") return this.#miss(retryAfter > 0);
    this.#blink = setTimeout(() => this.#miss(), AT_ONCE);
  }

  /** There is a media worker again, which knows nothing of the old connections. */
  restore() {
    this.#lost = false;
    this.#setAside();
    this.#tell(false);
    const published = this.start(this.#tracks);
    // To close takes a page a while, and nobody waits for that.
    this.#former.succeed(this.publish?.offer ?? published, () => this.subscribe?.tracks ?? new Map());
    return published;
  }

  /** Nobody at the other end knows of these connections: another worker, or another stay. */
  renew() {
    void this.restore();
    this.listen();
  }

  /** Somebody asks for another try: both connections are made anew. */
  again() {
    if (this.#lost) return;
    this.#refused = false;
    this.#recoveries.again();
  }

  /** The way to the server may be another than before. */
  networkChanged() {
    this.#recoveries.networkChanged();
  }

  close() {
    this.silence();
    this.#setAside();
    this.#former.end();
  }

  /** There is no worker, and none at once. */
  #miss(shutOut = false) {
    this.#lost = true;
    this.#setAside();
    this.#former.end();
    this.#tell(shutOut);
  }

  /** Be without connections. Those that there were are closed later. */
  #setAside() {
    clearTimeout(this.#blink);
    clearTimeout(this.#retry);
    this.#former.add(this.publish, this.subscribe);
    this.publish = this.subscribe = null;
    this.#blink = undefined;
    this.#round += 1;
    this.#unanswered = false;
    this.#held = null;
    this.#recoveries.reset();
  }

  #listen() {
    const leg = new SubscribeLeg(this.#signal.answer, this.#iceServers);
    this.subscribe = leg;
    leg.on("tracks", (tracks) => this.#former.show(tracks));
    leg.on("failed", (error) => this.#refuse(error, false));
    this.#recoveries.follow("subscribe", leg.watch);
  }

  /** @param {PublishLeg} leg */
  async #negotiate(leg) {
    const round = ++this.#round;
    clearTimeout(this.#retry);
    this.#unanswered = true;
    try {
      const answer = await this.#signal.publish(await leg.offer);
      if (round !== this.#round) return;
      await leg.accept(answer);
      if (round !== this.#round) return;
      this.#unanswered = this.#lost = false;
      this.#tell();
      this.#offerAnew();
    } catch (error) {
      if (round === this.#round) this.#refuse(error, true);
    }
  }

  /** What is to be sent may have changed since the last offer. One that is not answered comes first. */
  #offerAnew() {
    if (!this.publish?.stale || this.#unanswered || !this.#words || this.#lost) return;
    this.publish.renew();
    void this.#negotiate(this.publish);
  }

  async #renewSubscribe() {
    const leg = this.subscribe;
    this.#held = [];
    try {
      await this.#signal.restart(true);
      if (this.subscribe !== leg) return;
      this.#held = null;
      leg?.close();
      this.#listen();
      this.#recoveries.replaced("subscribe");
    } catch (error) {
      if (this.subscribe !== leg || !this.#words) return;
      const held = this.#held;
      this.#held = null;
      for (const offer of held ?? []) this.receive(offer);
      console.warn("chatroom: the connection for the others was not made anew:", error);
    }
  }

  async #restartSubscribe() {
    try {
      await this.#signal.restart(false);
    } catch (error) {
      // Where it did not help, the next remedy comes by itself.
      console.warn("chatroom: the connection for the others was not restarted:", error);
    }
  }

  /** @param {LegName} name @param {import("./recovery.js").Remedy} remedy */
  #remedy(name, remedy) {
    if (name === "publish") {
      if (remedy === "renew" || !this.publish) return void this.start(this.#tracks);
      this.publish.restart();
      return void this.#negotiate(this.publish);
    }
    void (remedy === "renew" ? this.#renewSubscribe() : this.#restartSubscribe());
  }

  /** @param {unknown} error @param {boolean} publishing */
  #refuse(error, publishing) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    // A stale offer is followed by a fresh one, and so is one whose answer was lost with the socket.
    if (code === "stale_offer" || (code === "not_answered" && !(publishing && this.#words))) return;
    if (publishing) this.#unanswered = false;
    if (code === "media_unavailable" || (publishing && (code === "busy" || code === "not_answered"))) {
      this.#lost = true;
      // An absent worker tells of its return.
      if (publishing) this.#retry = setTimeout(() => void this.start(this.#tracks), RETRY);
    } else {
      this.#refused = true;
      console.error("chatroom: pictures and sound could not be set up:", error);
    }
    this.#tell();
  }

  #tell(shutOut = this.shutOut) {
    const missed = this.#lost && this.#blink === undefined;
    const status = missed ? "restoring" : this.#refused ? "refused" : statusOf(this.#recoveries.health);
    const flows = [this.publish, this.subscribe].some((leg) => leg?.watch.state === "connected");
    const changed = { flows: flows !== this.flows, status: status !== this.status || shutOut !== this.shutOut };
    this.shutOut = shutOut;
    this.flows = flows;
    this.status = status;
    if (changed.flows) this.emit("flows", flows);
    if (changed.status) this.emit("status", status);
  }
}
