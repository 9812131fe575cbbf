/** A screen that somebody shares, whole, with its sound. */

import { h, icon, iconButton } from "./dom.js";
import { Player } from "./player.js";
import { spinner } from "./spinner.js";
import { pauseWords } from "../text/words.js";

/** @import { ScreenTracks } from "../rtc/subscribe_leg.js" */
/** @import { PauseReason } from "../state/paused_pictures.js" */
/** @import { SharedScreen } from "../state/screens.js" */

const WIDE = 16 / 9;

export class ScreenTile extends HTMLElement {
  #video = h("video", { playsinline: true, autoplay: true });
  #name = h("bdi");
  #paused = h("p", { class: "paused" });
  #player;
  /** Width by height of what is shown. */
  shape = WIDE;

  /** @param {SharedScreen} screen */
  constructor(screen) {
    super();
    this.setAttribute("role", "group");
    this.dataset.picture = screen.picture;
    const full = iconButton({ label: "Full screen", icon: "expand", kind: "full" });
    full.hidden = !document.fullscreenEnabled;
    full.addEventListener("click", () => void this.#toggleFull());
    this.addEventListener("dblclick", () => void this.#toggleFull());
    const waiting = h("p", { class: "waiting" }, spinner(), h("span", {}, "The screen is on its way…"));
    this.append(this.#video, waiting, h("span", { class: "plate" }, icon("screen"), this.#name), full);
    this.#player = new Player(this.#video, {
      seen: (seen) => this.classList.toggle("live", seen),
    });
    this.#video.addEventListener("resize", () => this.#reshape());
    this.screen = screen;
  }

  /** @param {SharedScreen} screen */
  set screen({ label }) {
    this.setAttribute("aria-label", label);
    if (this.#name.textContent !== label) this.#name.textContent = label;
  }

  /** @param {ScreenTracks} tracks */
  set tracks({ sound, picture }) {
    this.#player.show(sound, picture);
  }

  /** @param {string} id of the speaker to play on, "" for the system's choice */
  set speaker(id) {
    this.#player.speaker = id;
  }

  /** Why the picture is not sent here, if it is not. */
  set paused(/** @type {PauseReason | null} */ reason) {
    this.classList.toggle("video-paused", reason !== null);
    this.#paused.textContent = reason && pauseWords("Screen", reason);
    if (reason) this.append(this.#paused);
    else this.#paused.remove();
  }

  /** Whether there is sound that the browser does not play. */
  get blocked() {
    return this.#player.blocked;
  }

  /** Sound too, which the browser refused to play without a click. */
  play() {
    this.#player.play();
  }

  /** Let go of the tracks, so that nothing plays on unseen. */
  close() {
    this.#player.close();
  }

  async #toggleFull() {
    try {
      if (document.fullscreenElement === this) await document.exitFullscreen();
      else await this.requestFullscreen();
    } catch (error) {
      console.warn("chatroom: no full screen:", error);
    }
  }

  /** The tile takes the shape of what it shows, so that nothing is cropped and there are no bars. */
  #reshape() {
    const { videoWidth, videoHeight } = this.#video;
    if (!videoWidth || !videoHeight) return;
    const shape = Math.min(Math.max(videoWidth / videoHeight, 0.4), 4);
    if (shape === this.shape) return;
    this.shape = shape;
    this.dispatchEvent(new CustomEvent("reshape", { bubbles: true }));
  }
}

customElements.define("screen-tile", ScreenTile);
