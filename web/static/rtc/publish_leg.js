/**
 * The connection that carries this person's sound and picture to the server. The page offers.
 *
 * Those of microphone and camera are there from the start, with or without a track, so that a switch needs no new offer and
 * the offer can be made before anybody clicks on Join. Screens come and go with offers of their own.
 */

import { configuration } from "./configuration.js";
import { LayerWatch } from "./layer_watch.js";
import { LegWatch } from "./leg_watch.js";
import { Redundancy, takesRedundancy, withoutRedundancy } from "./redundancy.js";
import { ScreenSenders } from "./screen_senders.js";
import { stirred } from "./sending.js";
import { sparing } from "./sparing.js";
import { readVoice } from "./stats.js";
import { addCamera, balance } from "./transceivers.js";
import { WantedLayers } from "./wanted_layers.js";

/** @import { IceServer, Source, TrackSource } from "../protocol/types.js" */
/** @import { Shared } from "./screens.js" */

/** @typedef {{sdp: string, tracks: Record<string, TrackSource>}} PublishOffer */

/** Milliseconds between two looks at what the network takes. */
const LOOK = 1_000;

export class PublishLeg {
  /** @type {Promise<PublishOffer>} */
  #offer;
  /** @type {Record<Source, RTCRtpTransceiver>} */
  #transceivers;
  #screens;
  #wanted;
  #layers;
  #repeats = false;
  #redundancy = new Redundancy();
  /** Whether each packet of the voice is sent twice now, if the server takes that. */
  #redundant = true;
  /** The last answer, as it came, if it takes both; null while there is none, or an offer waits for another. @type {string | null} */
  #answer = null;
  /** The servers that ways are found with, and whether no offer was made with them yet. */
  #servers;
  #moved = false;
  /** A change of what was agreed that is under way: nothing may be offered meanwhile. @type {Promise<void> | null} */
  #turning = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #looks;
  /** The browser refused a change once: it is asked no more. */
  #refused = false;

  /** @param {IceServer[]} [iceServers] where nobody knows them yet, see `useServers` */
  constructor(iceServers = []) {
    this.madeAt = performance.now();
    this.#servers = JSON.stringify(iceServers);
    this.connection = new RTCPeerConnection(configuration(iceServers));
    this.watch = new LegWatch(this.connection);
    // One stream for both, so that a receiver plays them in step.
    const streams = [new MediaStream()];
    this.#transceivers = {
      microphone: this.connection.addTransceiver("audio", { direction: "sendonly", streams }),
      camera: addCamera(this.connection, streams),
    };
    const { sender } = this.#transceivers.camera;
    this.#wanted = new WantedLayers((active) => activate(sender, active));
    this.#layers = new LayerWatch(sender, this.#wanted);
    this.#screens = new ScreenSenders(this.connection);
    this.#offer = this.#prepare();
    // Whoever awaits the offer hears of a failure; until then nobody does.
    this.#offer.catch(() => {});
  }

  /** The offer, ready to be sent: candidates need not be gathered, the server learns them from the first packets. */
  get offer() {
    return this.#offer;
  }

  /** A leg that looks for a way already, without them, looks again. @param {IceServer[]} iceServers */
  equip(iceServers) {
    this.useServers(iceServers);
    this.restart();
  }

  /** Ways are found with these servers from the next offer that asks for them on. @param {IceServer[]} iceServers */
  useServers(iceServers) {
    const servers = JSON.stringify(iceServers);
    if (servers === this.#servers) return;
    this.#servers = servers;
    // Whatever is described next may have new credentials of ICE, which the server has to hear of.
    this.#moved = true;
    this.#answer = null;
    this.connection.setConfiguration?.(configuration(iceServers));
  }

  /** The next offer asks for new credentials on the same connection, and for the way as the network is now. */
  restart() {
    const again = () => {
      this.connection.restartIce();
      return this.#prepare();
    };
    // While the first offer is being made there is nothing yet that could be replaced.
    this.#offer = this.connection.localDescription ? this.#inTurn(again) : this.#offer.then(again);
    this.#offer.catch(() => {});
  }

  /** @param {ReadonlyMap<number, Shared>} screens what is shared; it is sent once `renew` made an offer of it */
  share(screens) {
    this.#screens.wanted = screens;
  }

  /** Another offer is needed, of the same. */
  repeat() {
    this.#repeats = true;
  }

  /** Whether another offer is needed: as it was asked for, or for what is shared, or not any more. */
  get stale() {
    return this.#repeats || this.#screens.stale;
  }

  /** Have the next offer say what is shared. To be called when the last one was answered. */
  renew() {
    this.#repeats = false;
    this.#offer = this.#inTurn(() => {
      this.#screens.step();
      return this.#prepare();
    });
    this.#offer.catch(() => {});
  }

  /** @param {Source} source @param {MediaStreamTrack | null} track */
  async send(source, track) {
    const { sender } = this.#transceivers[source];
    if (sender.track === track || this.#closed) return;
    await sender.replaceTrack(track);
  }

  /** @param {string} sdp the server's answer */
  async accept(sdp) {
    if (this.connection.signalingState !== "have-local-offer") return;
    await this.connection.setRemoteDescription({ type: "answer", sdp: this.#redundant ? sdp : withoutRedundancy(sdp) });
    if (this.#closed) return;
    this.#answer = !this.#moved && takesRedundancy(sdp) ? sdp : null;
    if (this.#answer !== null && !this.#refused) this.#looks ??= setInterval(() => void this.#look(), LOOK);
    this.watch.begin();
    await balance(this.#transceivers.camera.sender);
    await this.#screens.tune();
    this.#wanted.begin();
  }

  /**
   * Send these layers and no others: nobody gets them. What is asked for is sent at once.
   * @param {string} mid @param {readonly string[]} rids
   */
  want(mid, rids) {
    if (mid !== this.#transceivers.camera.mid || this.#closed) return;
    this.#wanted.want(rids);
    this.#layers.begin();
  }

  close() {
    clearInterval(this.#looks);
    this.#layers.close();
    this.#wanted.close();
    this.watch.close();
    this.connection.close();
  }

  get #closed() {
    return this.connection.signalingState === "closed";
  }

  /** Send the voice once where the network has hardly room for that, and twice where it has. */
  async #look() {
    const { sender } = this.#transceivers.microphone;
    if (!this.#answer || !sender.track) return;
    const redundant = this.#redundancy.look(await readVoice(sender), performance.now());
    if (redundant === this.#redundant || this.#refused || this.#turning) return;
    if (!this.#answer || this.connection.signalingState !== "stable") return;
    this.#turning = this.#turn(redundant, this.#answer);
    try {
      await this.#turning;
    } finally {
      this.#turning = null;
    }
  }

  /**
   * No parameter of a sender does it, so what was agreed is agreed anew, with what the server answered: it takes both.
   * @param {boolean} redundant @param {string} answer
   */
  async #turn(redundant, answer) {
    try {
      const offer = await this.connection.createOffer();
      if (credentialsOf(offer) !== credentialsOf(this.connection.localDescription)) {
        this.#answer = null; // ways would be looked for anew, without the server
        return;
      }
      await this.#describe(offer);
      await this.connection.setRemoteDescription({ type: "answer", sdp: redundant ? answer : withoutRedundancy(answer) });
      this.#redundant = redundant;
    } catch (error) {
      console.warn("chatroom: the voice goes on as it was:", error);
      this.#refused = true;
      clearInterval(this.#looks);
      await this.#takeBack();
    }
  }

  /** The offer that was not answered counts no more. */
  async #takeBack() {
    if (this.connection.signalingState !== "have-local-offer") return;
    try {
      await this.connection.setLocalDescription({ type: "rollback" });
    } catch (error) {
      console.warn("chatroom: the next offer takes its place:", error);
    }
  }

  /**
   * @template T
   * @param {() => Promise<T>} next
   */
  #inTurn(next) {
    return this.#turning ? this.#turning.then(next) : next();
  }

  /** @param {RTCSessionDescriptionInit} offer */
  async #describe({ type, sdp }) {
    try {
      await this.connection.setLocalDescription({ type, sdp: sparing(sdp ?? "") });
    } catch {
      // A browser that takes its own words only: then silence is sent, too.
      await this.connection.setLocalDescription({ type, sdp });
    }
  }

  /** @returns {Promise<PublishOffer>} */
  async #prepare() {
    this.#answer = null;
    this.#moved = false;
    await this.#describe(await this.connection.createOffer());
    const tracks = this.#screens.tracks;
    for (const source of /** @type {Source[]} */ (["microphone", "camera"])) {
      const { mid } = this.#transceivers[source];
      if (mid !== null) tracks[mid] = source;
    }
    return { sdp: this.connection.localDescription?.sdp ?? "", tracks };
  }
}

/**
 * @param {{sdp?: string} | null} description
 * @returns {string | undefined} whom ICE knows a connection by
 */
const credentialsOf = (description) => /^a=ice-ufrag:(\S+)/m.exec(description?.sdp ?? "")?.[1];

/**
 * @param {RTCRtpSender} sender
 * @param {ReadonlySet<string>} active the layers to send
 */
async function activate(sender, active) {
  const parameters = sender.getParameters();
  // Where the browser sends one picture only, that is what everyone gets.
  if (parameters.encodings.length < 2) return;
  for (const encoding of parameters.encodings) {
    encoding.active = active.has(encoding.rid ?? "");
    encoding.maxBitrate = stirred(encoding.rid ?? "", encoding.maxBitrate);
  }
  await sender.setParameters(parameters);
}
