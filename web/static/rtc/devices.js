/** Which microphones, cameras and speakers there are. */

import { Emitter } from "../base/emitter.js";

/** @typedef {{id: string, label: string}} Choice */
/** @typedef {{microphones: Choice[], cameras: Choice[], speakers: Choice[]}} DeviceLists */

/** @extends {Emitter<{change: DeviceLists}>} */
export class Devices extends Emitter {
  /** @type {MediaDevices | undefined} */
  #media;
  /** @type {DeviceLists} */
  lists = { microphones: [], cameras: [], speakers: [] };
  #refresh = () => void this.refresh();

  /** @param {MediaDevices | undefined} media missing on insecure pages */
  constructor(media) {
    super();
    this.#media = media;
    media?.addEventListener("devicechange", this.#refresh);
  }

  /** Labels are known only once the person allowed a device, so ask again then. */
  async refresh() {
    if (!this.#media) return;
    const found = await this.#media.enumerateDevices().catch(() => []);
    this.lists = {
      microphones: choices(found, "audioinput", "Microphone"),
      cameras: choices(found, "videoinput", "Camera"),
      speakers: choices(found, "audiooutput", "Speaker"),
    };
    this.emit("change", this.lists);
  }

  close() {
    this.#media?.removeEventListener("devicechange", this.#refresh);
    this.silence();
  }
}

/**
 * @param {MediaDeviceInfo[]} found
 * @param {MediaDeviceKind} kind
 * @param {string} fallback
 * @returns {Choice[]}
 */
function choices(found, kind, fallback) {
  return found
    .filter((device) => device.kind === kind && device.deviceId !== "")
    .map((device, index) => ({ id: device.deviceId, label: device.label || `${fallback} ${index + 1}` }));
}
