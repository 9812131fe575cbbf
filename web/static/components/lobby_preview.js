/** How the others will see and hear you, with the two switches. */

import { avatar } from "./avatar.js";
import { h } from "./dom.js";
import { LevelMeter } from "./level_meter.js";
import { SwitchButton } from "./switch_button.js";

/** @typedef {{on: boolean, busy: boolean, trouble: boolean}} SwitchState */

export class LobbyPreview extends HTMLElement {
  meter = new LevelMeter();
  microphone = new SwitchButton("microphone");
  camera = new SwitchButton("camera");
  #video = h("video", { playsinline: true, autoplay: true, "aria-label": "Your camera" });
  #off = h("div", { class: "no-picture" });
  #name = "";
  /** @type {MediaStreamTrack | null} */
  #shown = null;

  constructor() {
    super();
    this.#video.muted = true;
    const controls = h("div", { class: "controls" }, this.microphone, this.camera);
    this.append(this.#video, this.#off, h("div", { class: "shade" }, this.meter, controls));
  }

  /** @param {string} name */
  set name(name) {
    this.#name = name;
    this.#say();
  }

  /**
   * @param {MediaStreamTrack | null} camera
   * @param {SwitchState} microphone
   * @param {SwitchState} state of the camera
   */
  show(camera, microphone, state) {
    this.microphone.update(microphone);
    this.camera.update(state);
    this.meter.hidden = !microphone.on;
    this.classList.toggle("live", camera !== null);
    this.#say(state.busy);
    if (camera === this.#shown) return;
    this.#shown = camera;
    this.#video.srcObject = camera ? new MediaStream([camera]) : null;
    if (camera) this.#video.play().catch(() => {});
  }

  #say(busy = false) {
    const face = this.#name.trim() ? avatar(this.#name) : null;
    this.#off.replaceChildren(...[face, h("p", {}, busy ? "Starting your camera…" : "Your camera is off")].filter((part) => part !== null));
  }
}

customElements.define("lobby-preview", LobbyPreview);
