/** Wires the lobby: the devices to the preview, and the preview to what is remembered. */

import { LobbyView } from "../components/lobby_view.js";
import { Level } from "../rtc/level.js";
import { PublishLeg } from "../rtc/publish_leg.js";
import { savePreferences } from "../state/preferences.js";
import { problemWords } from "../text/problems.js";
import { heard } from "./heard.js";

/** @import { DeviceChosen } from "../components/device_picker.js" */
/** @import { Devices } from "../rtc/devices.js" */
/** @import { LocalMedia } from "../rtc/local_media.js" */
/** @import { Preferences } from "../state/preferences.js" */
/** @import { Source } from "../protocol/types.js" */

/** A prepared connection knows the network as it was; one that is older than this, in milliseconds, is made anew. */
const FRESH_FOR = 120_000;

export class Lobby {
  view;
  #local;
  #devices;
  #preferences;
  #level = new Level();
  #prepared = prepare();
  /** @type {(() => void)[]} */
  #undo = [];

  /**
   * @param {object} parts
   * @param {string} parts.room
   * @param {LocalMedia} parts.local
   * @param {Devices} parts.devices
   * @param {Preferences} parts.preferences
   * @param {Storage} parts.storage
   * @param {(name: string) => void} parts.join
   */
  constructor({ room, local, devices, preferences, storage, join }) {
    this.#local = local;
    this.#devices = devices;
    this.#preferences = preferences;
    this.view = new LobbyView({ room, name: preferences.name });
    this.view.preview.meter.source = () => this.#level.read();
    this.#undo.push(local.on("change", () => this.#show()), devices.on("change", () => this.#show()));

    heard(this.view, "switch", (/** @type {{source: Source, on: boolean}} */ { source, on }) => {
      savePreferences(storage, source === "camera" ? { cameraOn: on } : { microphoneOn: on });
      void local[source].set(on).then(() => devices.refresh());
    });
    heard(this.view, "device", (/** @type {DeviceChosen} */ { kind, id }) => {
      preferences[kind] = id;
      savePreferences(storage, { [kind]: id });
      if (kind !== "speaker") void local[kind].choose(id);
    });
    heard(this.view, "join", (/** @type {{name: string}} */ { name }) => {
      savePreferences(storage, { name });
      join(name);
    });
    for (const touch of ["pointerdown", "keydown"]) this.view.addEventListener(touch, () => this.#level.wake());
  }

  /** Ask for the devices that were on last time. */
  async begin() {
    this.#show();
    this.view.begin();
    await this.#local.open({ microphone: this.#preferences.microphoneOn, camera: this.#preferences.cameraOn });
    await this.#devices.refresh();
  }

  /** @returns {PublishLeg | undefined} a connection whose offer is made already, to be taken once */
  take() {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (prepared && performance.now() - prepared.madeAt < FRESH_FOR) return prepared;
    prepared?.close();
    return prepare();
  }

  /** The join was refused: be ready for another try. */
  retry() {
    this.view.joining = false;
    this.#prepared ??= prepare();
  }

  close() {
    for (const undo of this.#undo) undo();
    this.#prepared?.close();
    this.#level.close();
    this.view.remove();
  }

  #show() {
    const { microphone, camera } = this.#local;
    this.#level.listen(microphone.track);
    this.view.preview.show(camera.track, switchState(microphone), switchState(camera));
    this.view.picker.show(this.#devices.lists, {
      microphone: microphone.using,
      camera: camera.using,
      speaker: this.#preferences.speaker,
    });
    const [mic, cam] = [microphone.problem, camera.problem];
    if (mic && cam && mic.kind === cam.kind) this.view.problems = [problemWords("both", cam)];
    else this.view.problems = [cam && problemWords("camera", cam), mic && problemWords("microphone", mic)].filter((words) => words !== null);
  }
}

/** @param {import("../rtc/capture.js").Capture} capture */
export const switchState = (capture) => ({ on: capture.busy ? capture.wanted : capture.live, busy: capture.busy, trouble: capture.problem !== null });

/** @returns {PublishLeg | undefined} nothing where the browser has no WebRTC, or forbids it */
function prepare() {
  try {
    return new PublishLeg();
  } catch (error) {
    console.error("chatroom: no connection could be made:", error);
    return undefined;
  }
}
