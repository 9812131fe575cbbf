/** Wires the room: the session and the devices to what is shown, and the buttons to the session. */

import { RoomView } from "../components/room_view.js";
import { Level } from "../rtc/level.js";
import { SpeakingWatch } from "../rtc/speaking.js";
import { savePreferences } from "../state/preferences.js";
import { peopleOf } from "../state/room.js";
import { pictureOf, screensOf } from "../state/screens.js";
import { serverWords } from "../text/hints.js";
import { problemWords } from "../text/problems.js";
import { blockedWords, leftWords, restoringWords } from "../text/words.js";
import { ConnectionNotice } from "./connection_notice.js";
import { Feedback } from "./feedback.js";
import { Figures } from "./figures.js";
import { heard } from "./heard.js";
import { switchState } from "./lobby.js";
import { Reporting } from "./reporting.js";
import { Sharing } from "./sharing.js";
import { watchHidden, watchSigns } from "./signs.js";
import { keepAwake } from "./wake.js";
import { askWhy } from "./why.js";

/** @import { DeviceChosen } from "../components/device_picker.js" */
/** @import { BannerState } from "../components/banner.js" */
/** @import { RoomEvent, Source } from "../protocol/types.js" */
/** @import { Devices } from "../rtc/devices.js" */
/** @import { MediaStatus } from "../rtc/recovery.js" */
/** @import { LocalMedia } from "../rtc/local_media.js" */
/** @import { RemoteTracks, ScreenTracks } from "../rtc/subscribe_leg.js" */
/** @import { Preferences } from "../state/preferences.js" */
/** @import { RoomState } from "../state/room.js" */
/** @import { Session } from "../state/session.js" */

/** From where on one's own microphone is loud, of the level that is shown. */
const OWN_LOUD = 0.35;
/** Coming back, more news than this of who came and went is not told: everyone is there to be seen. */
const NEWS_AT_ONCE = 5;

export class Call {
  view;
  #session;
  #local;
  #devices;
  #preferences;
  /** @type {RemoteTracks} */
  #remote = new Map();
  // Long enough to miss nothing between two looks.
  #level = new Level(8192);
  /** @type {ConnectionNotice} */
  #notice;
  #speaking;
  #ownSpeaking = false;
  /** What the banner says. */
  #told = "";
  /** @type {(() => void)[]} */
  #undo = [];

  /**
   * @param {object} parts
   * @param {RoomState} parts.state
   * @param {Session} parts.session
   * @param {LocalMedia} parts.local
   * @param {Devices} parts.devices
   * @param {Preferences} parts.preferences
   * @param {Storage} parts.storage
   * @param {() => void} parts.leave
   */
  constructor({ state, session, local, devices, preferences, storage, leave }) {
    this.#session = session;
    this.#local = local;
    this.#devices = devices;
    this.#preferences = preferences;
    this.view = new RoomView(state.room);
    this.view.grid.speaker = preferences.speaker;
    this.view.shortcuts = preferences.shortcuts;
    this.#speaking = new SpeakingWatch(
      () => this.#local.microphone.live && this.#level.read() > OWN_LOUD,
      (speaking) => {
        this.#ownSpeaking = speaking;
        this.#showSpeaking();
      },
    );
    this.#notice = new ConnectionNotice({ session, view: this.view, changed: () => this.#connection() });
    const reporting = new Reporting({ session, local, grid: this.view.grid, level: this.#level });
    const figures = new Figures({ session, view: this.view, reporting });
    const feedback = new Feedback({ session, local, view: this.view, reporting, quiet: () => this.#notice.shown });
    const sharing = new Sharing({ session, screens: local.screens, view: this.view, quiet: () => session.missed > NEWS_AT_ONCE });
    this.#undo.push(
      keepAwake(),
      watchSigns((why) => session.doubt(why)),
      () => this.#notice.close(),
      session.speakers.on("change", () => this.#showSpeaking()),
      () => sharing.close(),
      () => feedback.close(),
      () => figures.close(),
      () => reporting.close(),
      session.trouble.on("change", () => this.#media(session.legs.status)),
      session.on("paused", (paused) => (this.view.grid.paused = paused)),
      watchHidden((hidden) => (session.layout.hidden = hidden)),
      session.on("event", (event) => this.#news(event)),
      session.on("room", () => this.#show()),
      session.outbox.on("change", (unsaid) => (this.view.panel.log.unsaid = unsaid)),
      session.legs.on("flows", () => {
        if (this.#notice.shown) this.#show();
      }),
      session.legs.on("status", (status) => this.#media(status)),
      local.on("change", () => this.#show()),
      local.on("lost", ({ source, problem }) => this.view.toasts.say(problemWords(source, problem).title)),
      devices.on("change", () => this.#show()),
    );
    heard(this.view, "switch", (/** @type {{source: Source, on: boolean}} */ { source, on }) => {
      savePreferences(storage, source === "camera" ? { cameraOn: on } : { microphoneOn: on });
      void this.#switch(source, on);
    });
    heard(this.view, "device", (/** @type {DeviceChosen} */ { kind, id }) => {
      preferences[kind] = id;
      savePreferences(storage, { [kind]: id });
      if (kind === "speaker") this.view.grid.speaker = id;
      else void local[kind].choose(id);
    });
    reporting.listens = preferences.muteHint;
    this.view.top.muteHint = reporting.mayListen ? preferences.muteHint : null;
    heard(this.view, "mutehint", (/** @type {{on: boolean}} */ { on }) => {
      preferences.muteHint = on;
      savePreferences(storage, { muteHint: on });
      reporting.listens = on;
    });
    heard(this.view, "shortcuts", (/** @type {{on: boolean}} */ { on }) => {
      preferences.shortcuts = on;
      savePreferences(storage, { shortcuts: on });
      this.view.shortcuts = on;
    });
    heard(this.view.grid, "layout", (/** @type {Record<string, number>} */ sizes) => session.layout.tell(sizes));
    heard(this.view, "say", (/** @type {{text: string}} */ { text }) => void this.#chat(text));
    heard(this.view.controls, "leave", leave);
    askWhy(this.view, session);
    heard(this.view.banner, "act", () => session.legs.again());
    this.#show();
    this.#media(session.legs.status);
  }

  /** @param {RemoteTracks} remote */
  set remote(remote) {
    this.#remote = remote;
    this.#showTracks();
  }

  /** What was written and not said: first what is on its way, then what is in the box. */
  get unsaid() {
    const unsaid = this.#session.outbox.unsaid.map(({ text }) => text);
    return [...unsaid, this.view.panel.form.draft].filter(Boolean).join("\n");
  }

  close() {
    for (const undo of this.#undo) undo();
    this.#speaking.close();
    this.#level.close();
    this.view.remove();
  }

  #show() {
    const state = this.#session.state;
    if (!state) return;
    const { microphone, camera } = this.#local;
    // As long as pictures flow the others see no difference.
    const reconnecting = this.#notice.shown && !this.#session.legs.flows;
    const people = peopleOf(state, { ...this.#local.switches, reconnecting });
    this.view.show(people, screensOf(people));
    this.view.showMessages(state.messages, state.you);
    this.view.controls.microphone.update(switchState(microphone));
    this.view.controls.camera.update(switchState(camera));
    this.view.top.picker.show(this.#devices.lists, {
      microphone: microphone.using,
      camera: camera.using,
      speaker: this.#preferences.speaker,
    });
    this.#showTracks();
    this.#showSpeaking();
  }

  #showSpeaking() {
    const { state, speakers } = this.#session;
    if (!state) return;
    this.view.grid.speaking = speakers.shown(state.participants, state.you, this.#ownSpeaking);
    // A place for one's own tile is always kept.
    this.view.grid.recent = [state.you, ...speakers.speaking, ...speakers.spoke];
  }

  /** A camera that is said to be off is not shown, even while its last packets still arrive. */
  #showTracks() {
    const state = this.#session.state;
    if (!state) return;
    /** @type {Map<string, ScreenTracks>} */
    const screens = new Map();
    for (const [id, tracks] of this.#remote) {
      for (const [number, screen] of tracks.screens) screens.set(pictureOf(id, `screen:${number}`), screen);
    }
    this.view.grid.screenTracks = screens;
    const shown = state.participants.map(({ id, camera }) => {
      if (id === state.you) return /** @type {const} */ ([id, this.#local.tracks]);
      const tracks = this.#remote.get(id);
      return /** @type {const} */ ([id, { microphone: tracks?.microphone ?? null, camera: (camera && tracks?.camera) || null }]);
    });
    this.view.grid.tracks = new Map(shown);
  }

  /** @param {Source} source @param {boolean} on */
  async #switch(source, on) {
    const capture = this.#local[source];
    await capture.set(on);
    if (on && capture.problem) {
      const { title, advice } = problemWords(source, capture.problem);
      this.view.toasts.say(`${title} ${advice.replace(" You can join without.", "")}`);
    }
    void this.#devices.refresh();
  }

  /** @param {string} text */
  async #chat(text) {
    try {
      await this.#session.chat(text);
    } catch (error) {
      this.view.panel.form.refuse(text, error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {RoomEvent} event */
  #news(event) {
    const you = this.#session.state?.you;
    if (event.type !== "chat" && this.#session.missed > NEWS_AT_ONCE) return;
    if (event.type === "participant_joined") this.view.toasts.say(`${event.participant.name} joined`, { name: event.participant.name });
    if (event.type === "participant_left" && event.id !== you) this.view.toasts.say(leftWords(event.name, event.reason), { name: event.name });
    if (event.type === "chat" && event.message.participant !== you) this.view.notice(event.message);
  }

  #connection() {
    this.#show();
    this.#media(this.#session.legs.status);
  }

  /** @param {MediaStatus} status */
  #media(status) {
    // While nothing reaches the server that is all there is to say.
    const ours = serverWords(this.#session.trouble.problems, this.#session.legs.shutOut, status === "working");
    const own = bannerFor(status, this.#session.state?.mediaPort ?? 0);
    const state = this.#notice.shown ? null : own && !(own.busy && ours) ? own : ours;
    this.view.banner.show(state);
    if (state && state.text !== this.#told) this.view.toasts.say(state.text, { unseen: true });
    this.#told = state?.text ?? "";
  }
}

/**
 * @param {MediaStatus} status
 * @param {number} port
 * @returns {BannerState | null}
 */
function bannerFor(status, port) {
  switch (status) {
    case "working":
      return null;
    case "restoring":
      return { text: restoringWords, busy: true };
    case "blocked":
      return { text: blockedWords(port), action: "Try again" };
    case "refused":
      return { text: "Pictures and sound could not be set up. Chat still works.", action: "Try again" };
  }
}
