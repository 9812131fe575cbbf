/** Looks how things are in this page, five times a second, and has it told to the server. */

import { Emitter } from "../base/emitter.js";
import { readBoth } from "../rtc/stats.js";
import { DarkWatch } from "../state/dark_watch.js";
import { MicrophoneWatch } from "../state/microphone_watch.js";
import { decibels, Playing } from "../state/playing.js";
import { Brightness } from "./brightness.js";

/** @import { PeopleGrid } from "../components/people_grid.js" */
/** @import { Report } from "../protocol/types.js" */
/** @import { Level } from "../rtc/level.js" */
/** @import { LocalMedia } from "../rtc/local_media.js" */
/** @import { Counted } from "../rtc/stats.js" */
/** @import { Session } from "../state/session.js" */
/** @import { Own } from "../text/hints.js" */

/** Milliseconds. */
const EVERY = 200;

/** @extends {Emitter<{own: Own, counted: Counted}>} */
export class Reporting extends Emitter {
  #session;
  #local;
  #grid;
  #level;
  #microphone = new MicrophoneWatch();
  #device = "";
  #dark = new DarkWatch();
  #brightness = new Brightness();
  #camera = "";
  #playing = new Playing();
  #timer;
  #known = "";
  /** @type {Own} */
  own = { talking: false, silent: false, muted: false, cameraMuted: false, dark: false, blocked: false };

  /**
   * @param {object} parts
   * @param {Session} parts.session
   * @param {LocalMedia} parts.local
   * @param {PeopleGrid} parts.grid
   * @param {Level} parts.level of the microphone before it is muted here
   */
  constructor({ session, local, grid, level }) {
    super();
    this.#session = session;
    this.#local = local;
    this.#grid = grid;
    this.#level = level;
    this.#timer = setInterval(() => this.#look(), EVERY);
    session.reports.begin(() => this.#report());
  }

  /**
   * Where the browser shows that the microphone is open while it is silenced, too, it may as well serve its person. Others
   * show that it is not, and then it must not be.
   */
  get mayListen() {
    return "userAgentData" in navigator;
  }

  /** Whether whoever talks while muted is to be told. @param {boolean} on */
  set listens(on) {
    this.#local.microphone.listens = on && this.mayListen;
  }

  close() {
    clearInterval(this.#timer);
    this.silence();
    this.#local.microphone.listens = false;
  }

  #look() {
    const { microphone, camera } = this.#local;
    if (microphone.using !== this.#device) this.#microphone.forget();
    this.#device = microphone.using;
    this.#level.listen(microphone.raw);
    const rms = microphone.raw ? this.#level.rms : null;
    this.#microphone.hear(performance.now(), microphone.live, rms === null ? null : decibels(rms));
    if (camera.using !== this.#camera) this.#dark.forget();
    this.#camera = camera.using;
    // Nobody paints a page that is not seen; what was found before stays.
    if (document.visibilityState === "visible" || camera.state !== "live") {
      if (this.#dark.due(performance.now(), camera.state === "live")) void this.#see(camera.using);
    }
    const { talking, silent } = this.#microphone;
    const muted = microphone.state === "muted";
    this.own = { talking, silent: silent && !muted, muted, cameraMuted: camera.state === "muted", dark: this.#dark.dark, blocked: this.#grid.blocked };
    const known = JSON.stringify([this.own, this.#lasting]);
    if (known === this.#known) return;
    this.#known = known;
    this.#session.reports.soon();
    this.emit("own", this.own);
  }

  /** @param {string} camera which one is looked at */
  async #see(camera) {
    const picture = await this.#brightness.read(this.#grid.ownVideo);
    if (camera === this.#camera) this.#dark.see(performance.now(), picture);
  }

  /** What is told of this page and does not change with each look. */
  get #lasting() {
    const { publish, subscribe } = this.#session.legs;
    return /** @type {const} */ ({
      sound: this.own.blocked ? "blocked" : "playing",
      publish: publish?.watch.state ?? "none",
      subscribe: subscribe?.watch.state ?? "none",
      talking: this.own.talking,
      silent: this.own.silent,
      dark: this.own.dark,
      hidden: document.visibilityState === "hidden",
      states: [this.#local.microphone.state, this.#local.camera.state],
    });
  }

  /** @returns {Promise<Report>} */
  async #report() {
    const { microphone, camera } = this.#local;
    const counted = await readBoth(this.#session.legs);
    this.emit("counted", counted);
    const playing = this.#playing.tell(counted.downlink?.received ?? [], performance.now(), (picture) => this.#expected(picture));
    const { states: _, ...lasting } = this.#lasting;
    const level = this.#microphone.take();
    return {
      type: "report",
      // Of a microphone that is off, no more than whether somebody talks leaves this page.
      microphone: { state: microphone.state, level: microphone.live ? level : null },
      camera: { state: camera.state, level: null },
      playing,
      ...lasting,
    };
  }

  /** @param {string} picture @returns {boolean} whether new pictures should come of it */
  #expected(picture) {
    const { state, paused, layout } = this.#session;
    const [id, screen] = picture.split("/");
    const person = state?.participants.find((each) => each.id === id);
    if (!person || person.connection !== "present" || paused.pictures.has(picture) || !layout.shows(picture)) return false;
    return screen ? person.screens.includes(Number(screen.split(":")[1])) : person.camera;
  }
}
