/**
 * One device of this person, on or off.
 *
 * What is wanted and what is may differ for a while: opening a device takes time, and the switch may be thrown again
 * meanwhile. One loop at a time brings what is to what is wanted.
 */

import { Emitter } from "../base/emitter.js";
import { problemOf } from "../text/problems.js";
import { constraintsFor } from "./constraints.js";

/** @import { CaptureState, Source } from "../protocol/types.js" */
/** @import { Problem, ProblemKind } from "../text/problems.js" */

/** @type {Record<ProblemKind, CaptureState>} */
const STATES = { denied: "denied", missing: "missing", busy: "busy", insecure: "denied", unsupported: "missing", lost: "ended", unknown: "busy" };

/** @extends {Emitter<{change: void, lost: Problem}>} */
export class Capture extends Emitter {
  /** @type {MediaDevices | undefined} */
  #media;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  /** @type {Promise<void> | null} */
  #settling = null;
  #wanted = false;
  #closed = false;
  /** Whether a track is on its way that is being opened together with the other device's. */
  #expecting = false;
  #openedAs = "";
  /** Hears the microphone while it is silenced, for this page alone. @type {MediaStreamTrack | null} */
  #ear = null;
  #listens = false;

  /** @type {Problem | null} */
  problem = null;

  /**
   * @param {MediaDevices | undefined} media
   * @param {Source} source
   * @param {string} device the id of the device to use, "" for the browser's choice
   */
  constructor(media, source, device) {
    super();
    this.#media = media;
    this.source = source;
    this.device = device;
  }

  get live() {
    return this.#wanted && this.#alive && this.#track?.enabled === true;
  }

  /** What is sent: null while off. */
  get track() {
    return this.live ? this.#track : null;
  }

  /** The microphone as it is before this page silences it; null where it is not open, or not to be heard then. */
  get raw() {
    return this.track ?? this.#ear;
  }

  /**
   * Whether a microphone that is switched off is heard by this page, to say "you are muted" to whoever talks. Nothing of it is sent.
   * @param {boolean} listens
   */
  set listens(listens) {
    this.#listens = listens;
    this.#lend();
  }

  /** What is so, in the protocol's words. @returns {CaptureState} */
  get state() {
    if (this.live) return this.#track?.muted ? "muted" : "live";
    return this.problem ? STATES[this.problem.kind] : "off";
  }

  /** The id of the device in use, or of the one that would be. */
  get using() {
    return this.#track?.getSettings().deviceId ?? this.device;
  }

  /** Whether it is being switched just now. */
  get busy() {
    return this.#settling !== null || this.#expecting;
  }

  /** Whether it is meant to be on, for a switch that answers at once. */
  get wanted() {
    return this.#wanted;
  }

  get #alive() {
    return this.#track?.readyState === "live";
  }

  /** @param {boolean} on */
  set(on) {
    this.#wanted = on && !this.#closed;
    if (on) this.problem = null;
    return this.#settle();
  }

  /**
   * Use another device, at once if one is open.
   * @param {string} device
   */
  choose(device) {
    this.device = device;
    if (!this.#wanted) this.#release();
    return this.#settle();
  }

  /** A track is on its way: `adopt`, `fail` or `alone` follows. The switch may be thrown meanwhile. */
  expect() {
    this.#expecting = true;
    this.#wanted = !this.#closed;
    this.#openedAs = this.device;
    this.emit("change", undefined);
  }

  /**
   * Take a track that was opened together with another device's.
   * @param {MediaStreamTrack} track
   */
  adopt(track) {
    this.#release();
    this.#take(track, this.#openedAs);
    return this.alone();
  }

  /** No track comes from elsewhere any more. */
  alone() {
    this.#expecting = false;
    return this.#settle();
  }

  /** @param {Problem} problem */
  fail(problem) {
    this.#expecting = false;
    this.#wanted = false;
    this.problem = problem;
    this.#release();
    this.emit("change", undefined);
  }

  /** Let go of the device for good. */
  close() {
    this.silence();
    this.#closed = true;
    this.#wanted = false;
    this.#release();
  }

  #settle() {
    if (!this.#expecting) this.#settling ??= this.#converge().finally(() => {
      this.#settling = null;
      this.emit("change", undefined);
    });
    this.emit("change", undefined);
    return this.#settling ?? Promise.resolve();
  }

  async #converge() {
    await Promise.resolve();
    while (this.#wanted && !(this.#alive && this.#openedAs === this.device)) {
      await this.#open().catch((error) => this.fail(problemOf(error)));
    }
    if (this.#wanted && this.#track) this.#track.enabled = true;
    else this.#rest();
    this.#lend();
  }

  #lend() {
    const wanted = this.#listens && this.source === "microphone" && this.#alive && !this.live;
    if (!wanted) this.#ear?.stop();
    if (!wanted || this.#ear?.readyState === "ended") this.#ear = null;
    if (!wanted || this.#ear || !this.#track) return;
    this.#ear = this.#track.clone();
    this.#ear.enabled = true;
  }

  async #open() {
    if (!this.#media) return this.fail({ kind: globalThis.isSecureContext ? "unsupported" : "insecure", detail: "" });
    const device = this.device;
    // Phones cannot open a second camera while the first is open.
    this.#release();
    const stream = await this.#media.getUserMedia({ [kindOf(this.source)]: constraintsFor(this.source, device) });
    const [track] = stream.getTracks();
    if (!track) return this.fail({ kind: "missing", detail: "" });
    this.#take(track, device);
  }

  /** A camera is let go, so that its light goes off; a microphone is only silenced, so that it is back at once. */
  #rest() {
    if (this.source === "camera" || this.#closed) this.#release();
    else if (this.#track) this.#track.enabled = false;
  }

  /** @param {MediaStreamTrack} track @param {string} device */
  #take(track, device) {
    this.#track = track;
    this.#openedAs = device;
    track.contentHint = this.source === "camera" ? "motion" : "speech";
    for (const type of ["mute", "unmute"]) {
      track.addEventListener(type, () => {
        if (this.#track === track) this.emit("change", undefined);
      });
    }
    track.addEventListener("ended", () => {
      if (this.#track !== track) return;
      /** @type {Problem} */
      const problem = { kind: "lost", detail: "" };
      this.fail(problem);
      this.emit("lost", problem);
    });
  }

  #release() {
    const track = this.#track;
    this.#track = null;
    track?.stop();
    this.#ear?.stop();
    this.#ear = null;
  }
}

/** @param {Source} source */
const kindOf = (source) => (source === "camera" ? "video" : "audio");
