/** One person: the live picture, or initials where there is none, with the name and what is switched off. */

import { avatar, tint } from "./avatar.js";
import { h, icon, say } from "./dom.js";
import { Player } from "./player.js";
import { NO_FEEDBACK, SignalBars } from "./signal_bars.js";
import { spinner } from "./spinner.js";
import { pauseWords } from "../text/words.js";

/** @import { PauseReason } from "../state/paused_pictures.js" */
/** @import { Person } from "../state/room.js" */
/** @import { Feedback } from "./signal_bars.js" */

/** @typedef {{microphone: MediaStreamTrack | null, camera: MediaStreamTrack | null}} Tracks */

export class PersonTile extends HTMLElement {
  #video = h("video", { playsinline: true, autoplay: true, disablepictureinpicture: false });
  #name = h("bdi");
  #muted = icon("mic-off", "Microphone off");
  #away = h("p", { class: "away" }, spinner(), h("span", {}, "Reconnecting…"));
  #paused = h("p", { class: "paused" });
  #markText = h("span");
  #mark = h("p", { class: "mark", hidden: true }, icon("alert"), this.#markText);
  #bars;
  #player;

  /** @param {Person} person */
  constructor(person) {
    super();
    this.setAttribute("role", "group");
    this.dataset.participant = person.id;
    this.classList.toggle("own", person.own);
    tint(this, person.name);
    this.#player = new Player(this.#video, {
      silent: person.own,
      seen: (seen) => {
        this.classList.toggle("live", seen);
        if (seen && !person.own) this.dispatchEvent(new CustomEvent("first-frame", { bubbles: true }));
      },
    });
    this.#bars = new SignalBars({ id: person.id, name: person.label });
    const plate = h("span", { class: "plate" }, this.#muted, this.#name, this.#bars);
    this.append(this.#video, avatar(person.name), plate, this.#mark);
    this.feedback = NO_FEEDBACK;
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
    this.#player.show(microphone, camera);
  }

  /** @param {string} id of the speaker to play on, "" for the system's choice */
  set speaker(id) {
    this.#player.speaker = id;
  }

  /** Why the picture is not sent here, if it is not. */
  set paused(/** @type {PauseReason | null} */ reason) {
    this.classList.toggle("video-paused", reason !== null);
    this.#paused.textContent = reason && pauseWords("Video", reason);
    if (reason) this.append(this.#paused);
    else this.#paused.remove();
  }

  /** How their connection is, and what is wrong. @param {Feedback} feedback */
  set feedback(feedback) {
    this.#bars.show(feedback);
    say(this.#markText, feedback.mark);
    this.#mark.hidden = feedback.mark === "";
  }

  set speaking(/** @type {boolean} */ speaking) {
    this.classList.toggle("speaking", speaking);
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

  /** An upright picture, as phones send, is not cropped to a strip in a wide tile. */
  #fit() {
    this.classList.toggle("upright", this.#video.videoHeight > this.#video.videoWidth);
  }
}

customElements.define("person-tile", PersonTile);
