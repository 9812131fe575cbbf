/** `/r/<room>`: the lobby, then the room, then the end of it. */

import { Marks } from "../base/marks.js";
import { EndView } from "../components/end_view.js";
import { newKey } from "../protocol/key.js";
import { CommandRefused, Socket } from "../protocol/socket.js";
import { Devices } from "../rtc/devices.js";
import { LocalMedia } from "../rtc/local_media.js";
import { loadPreferences } from "../state/preferences.js";
import { Session } from "../state/session.js";
import { keepStay, loadStay } from "../state/stay.js";
import { roomOfPath } from "../text/rooms.js";
import { endingWords } from "../text/words.js";
import { Call } from "./call.js";
import { Lobby } from "./lobby.js";
import { pageStorage, tabStorage } from "./storage.js";

/** @import { PublishLeg } from "../rtc/publish_leg.js" */
/** @import { RemoteTracks } from "../rtc/subscribe_leg.js" */
/** @import { Ended } from "../state/connection.js" */

/** Another tab speaks for this participant now. */
const REPLACED = 4003;

class RoomPage {
  #host;
  #room = roomOfPath(location.pathname);
  #storage = pageStorage();
  #tab = tabStorage();
  #preferences = loadPreferences(this.#storage);
  #devices = new Devices(navigator.mediaDevices);
  #local = this.#newLocal();
  #name = "";
  /** For joining, until that is answered. */
  #key = newKey();
  /** What was being written when a call ended. */
  #draft = "";
  /** @type {Lobby | null} */
  #lobby = null;
  /** @type {Call | null} */
  #call = null;
  /** @type {Session | null} */
  #session = null;
  marks = new Marks();

  /** @param {HTMLElement} host */
  constructor(host) {
    this.#host = host;
  }

  get legs() {
    const legs = this.#session?.legs;
    return { publish: legs?.publish?.connection ?? null, subscribe: legs?.subscribe?.connection ?? null };
  }

  get connection() {
    return this.#session?.status ?? "ended";
  }

  showLobby() {
    this.#preferences = loadPreferences(this.#storage);
    this.#local.close();
    this.#local = this.#newLocal();
    this.#lobby = new Lobby({
      room: this.#room,
      local: this.#local,
      devices: this.#devices,
      preferences: this.#preferences,
      storage: this.#storage,
      join: (name) => void this.#join(name),
    });
    document.title = `${this.#room} · Chatroom`;
    this.#host.replaceChildren(this.#lobby.view);
    void this.#lobby.begin();
  }

  /** The page goes away: the others hear of it at once, and the devices are let go. */
  abandon() {
    if (this.#session) keepStay(this.#tab, this.#room, null);
    this.#session?.abandon();
    this.#local.close();
  }

  /** @param {string} name */
  async #join(name) {
    this.marks.restart();
    if (name !== this.#name) this.#key = newKey(); // under another name one is somebody else
    this.#name = name;
    if (this.#lobby) this.#lobby.view.joining = true;
    const session = new Session({ connect, local: this.#local });
    this.#session = session;
    try {
      await this.#enter(session, this.#lobby?.take());
    } catch (error) {
      // Whoever left meanwhile is told nothing more of it.
      if (this.#session === session) this.#refused(error);
    }
  }

  /** @param {Session} session @param {PublishLeg} [prepared] */
  async #enter(session, prepared) {
    /** @type {RemoteTracks} */
    let remote = new Map();
    session.legs.on("tracks", (tracks) => {
      remote = tracks;
      if (this.#call) this.#call.remote = tracks;
    });
    session.legs.on("connected", (leg) => this.marks.reach(`${leg}-connected`));
    session.on("token", (token) => {
      this.#key = newKey();
      keepStay(this.#tab, this.#room, { token, name: this.#name });
    });
    const stay = loadStay(this.#tab, this.#room);
    // Under another name one is somebody else.
    const token = stay?.name === this.#name ? stay.token : "";
    const state = await session.join(this.#room, this.#name, { prepared, token, key: this.#key });
    // Whoever left meanwhile is not brought back.
    if (this.#session !== session) return session.abandon();
    this.marks.reach("joined");

    this.#lobby?.close();
    this.#lobby = null;
    this.#call = new Call({
      state: session.state ?? state,
      session,
      local: this.#local,
      devices: this.#devices,
      preferences: this.#preferences,
      storage: this.#storage,
      leave: () => void this.#leave(),
    });
    this.#call.view.addEventListener("first-frame", () => this.marks.reach("first-remote-frame"));
    session.on("connection", (status) => this.marks.again(status === "connected" ? "resumed" : "socket-lost"));
    session.on("ended", (ended) => {
      if (this.#session === session) this.#showEnd(ended);
    });
    this.#host.replaceChildren(this.#call.view);
    this.#call.remote = remote;
    this.#call.view.begin(this.#draft);
    this.#draft = "";
    document.title = `${state.room} · Chatroom`;
  }

  async #leave() {
    const session = this.#session;
    this.#showEnd({ code: 1000, message: "" });
    await session?.leave();
  }

  /** From another tab, where this participant is now: no lobby, for they are in the call already. */
  async #takeOver() {
    this.#preferences = loadPreferences(this.#storage);
    this.#local = this.#newLocal();
    await this.#local.open({ microphone: this.#preferences.microphoneOn, camera: this.#preferences.cameraOn });
    void this.#devices.refresh();
    await this.#join(this.#name);
  }

  #endCall() {
    this.#draft = this.#call?.unsaid ?? this.#draft;
    this.#call?.close();
    this.#call = null;
  }

  /** @param {unknown} error */
  #refused(error) {
    this.#session = null;
    if (!this.#lobby) return this.#showEnd({ code: 1006, message: error instanceof CommandRefused ? error.message : "" });
    this.#lobby.retry();
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof CommandRefused && error.code === "invalid_name") this.#lobby.view.refuseName(message);
    else if (error instanceof CommandRefused) this.#lobby.view.refuse(message);
    else this.#lobby.view.refuse("The server could not be reached. Check your network and try again.");
  }

  /** @param {Ended} ended */
  #showEnd({ code, message }) {
    this.#endCall();
    this.#session = null;
    this.#local.close();
    const replaced = code === REPLACED;
    if (!replaced) keepStay(this.#tab, this.#room, null);
    const view = new EndView({ ...endingWords(code, message), room: this.#room });
    view.addEventListener("again", () => {
      if (!replaced) return this.showLobby();
      view.busy = true;
      void this.#takeOver();
    });
    this.#host.replaceChildren(view);
    view.begin();
  }

  #newLocal() {
    const { microphone, camera } = this.#preferences;
    return new LocalMedia(navigator.mediaDevices, { microphone, camera });
  }
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return new Socket(new WebSocket(`${scheme}//${location.host}/ws`));
}

const host = document.querySelector("#app");
if (host instanceof HTMLElement) {
  const page = new RoomPage(host);
  // For tests and curious people: the two connections, whether the server is reached, and when each step happened. Nothing can be changed by it.
  const surface = Object.freeze({
    legs: () => page.legs,
    get connection() {
      return page.connection;
    },
    get marks() {
      return page.marks.times;
    },
  });
  Object.defineProperty(window, "chatroom", { value: surface });
  window.addEventListener("pagehide", () => page.abandon());
  // Back from the browser's memory of pages: what is shown is long over.
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted) location.reload();
  });
  page.showLobby();
}
