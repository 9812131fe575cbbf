/**
 * One person: the live picture, or initials where there is none, with the name and what is switched off.
 *
 * The video element carries both tracks and is the only one that plays this person's sound. A track is put into it only
 * once something has arrived on it: an element that waits for a first picture plays no sound either.
 */

import { avatar, tint } from "./avatar.js";
import { h, icon } from "./dom.js";
import { spinner } from "./spinner.js";

/** @import { Person } from "../state/room.js" */

/** @typedef {{microphone: MediaStreamTrack | null, camera: MediaStreamTrack | null}} Tracks */

export class PersonTile extends HTMLElement {
  #video = h("video", { playsinline: true, autoplay: true, disablepictureinpicture: false });
  #name = h("bdi");
  #muted = icon("mic-off", "Microphone off");
  #away = h("p", { class: "away" }, spinner(), h("span", {}, "Reconnecting…"));
  #paused = h("p", { class: "paused" }, "Video paused: slow network");
  #stream = new MediaStream();
  #showing = "";
  #own;

  /** @param {Person} person */
  constructor(person) {
    super();
    this.#own = person.own;
    this.setAttribute("role", "group");
    this.dataset.participant = person.id;
    this.classList.toggle("own", person.own);
    tint(this, person.name);
    this.#video.muted = person.own;
    this.#video.tabIndex = -1;
    this.append(this.#video, avatar(person.name), h("span", { class: "plate" }, this.#muted, this.#name));
    this.person = person;
    this.#video.addEventListener("resize", () => this.#fit());
  }

  /** @param {Person} person */
  set person(person) {
    this.setAttribute("aria-label", person.label);
    this.#name.textContent = person.own ? "You" : person.name;
    this.#muted.classList.toggle("gone", person.microphone);
    this.classList.toggle("camera-off", !person.camera);
    this.classList.toggle("reconnecting", person.reconnecting);
    if (person.reconnecting) this.append(this.#away);
    else this.#away.remove();
  }

  /** @param {Tracks} tracks */
  set tracks({ microphone, camera }) {
    const wanted = [this.#own ? null : microphone, camera].filter((track) => track !== null);
    const present = this.#stream.getTracks();
    const changed = wanted.length !== present.length || wanted.some((track) => !present.includes(track));
    if (!changed) return;
    for (const track of present) if (!wanted.includes(track)) this.#stream.removeTrack(track);
    for (const track of wanted) if (!present.includes(track)) this.#stream.addTrack(track);
    this.#expect(camera);
    this.#play();
  }

  /** @param {string} id of the speaker to play on, "" for the system's choice */
  set speaker(id) {
    if (this.#own || !("setSinkId" in this.#video)) return;
    this.#video.setSinkId(id).catch((error) => console.warn("chatroom: the speaker was refused:", error));
  }

  /** Whether the picture is not sent here, as the network does not take it. */
  set paused(/** @type {boolean} */ paused) {
    this.classList.toggle("video-paused", paused);
    if (paused) this.append(this.#paused);
    else this.#paused.remove();
  }

  set speaking(/** @type {boolean} */ speaking) {
    this.classList.toggle("speaking", speaking);
  }

  /** Sound too, which the browser refused to play without a click. */
  play() {
    this.#video.muted = this.#own;
    this.#play();
  }

  /** Let go of the tracks, so that nothing plays on unseen. */
  close() {
    this.#video.srcObject = null;
  }

  #play() {
    if (this.#stream.getTracks().length === 0) return void (this.#video.srcObject = null);
    if (this.#video.srcObject !== this.#stream) this.#video.srcObject = this.#stream;
    this.#video.play().catch((error) => {
      if (this.#video.muted || !(error instanceof DOMException) || error.name !== "NotAllowedError") return;
      // The picture alone is not refused.
      this.#video.muted = true;
      this.#video.play().catch(() => {});
      this.#announce("sound-refused");
    });
  }

  /**
   * The initials stay until there is a picture to see, so that nobody is a black box for a moment.
   * @param {MediaStreamTrack | null} camera
   */
  #expect(camera) {
    const id = camera?.id ?? "";
    if (id === this.#showing) return;
    this.#showing = id;
    this.classList.remove("live");
    if (!camera) return;
    const seen = () => {
      if (this.#showing !== id) return;
      this.classList.add("live");
      if (!this.#own) this.#announce("first-frame");
    };
    if ("requestVideoFrameCallback" in this.#video) this.#video.requestVideoFrameCallback(seen);
    else /** @type {HTMLVideoElement} */ (this.#video).addEventListener("playing", seen, { once: true });
  }

  /** An upright picture, as phones send, is not cropped to a strip in a wide tile. */
  #fit() {
    this.classList.toggle("upright", this.#video.videoHeight > this.#video.videoWidth);
  }

  /** @param {string} type */
  #announce(type) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true }));
  }
}

customElements.define("person-tile", PersonTile);
