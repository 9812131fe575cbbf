/** This person's microphone and camera, and the screens that are shared. */

import { Emitter } from "../base/emitter.js";
import { problemOf } from "../text/problems.js";
import { Capture } from "./capture.js";
import { constraintsFor } from "./constraints.js";
import { Screens } from "./screens.js";

/** @import { Source } from "../protocol/types.js" */
/** @import { Problem } from "../text/problems.js" */

/** @typedef {{microphone: boolean, camera: boolean, screens: readonly number[]}} Switches */

/** @extends {Emitter<{change: Source | "screens", lost: {source: Source, problem: Problem}}>} */
export class LocalMedia extends Emitter {
  /** @type {MediaDevices | undefined} */
  #media;

  /**
   * @param {MediaDevices | undefined} media missing on insecure pages
   * @param {Record<Source, string>} devices the ids chosen before
   */
  constructor(media, devices) {
    super();
    this.#media = media;
    this.microphone = new Capture(media, "microphone", devices.microphone);
    this.camera = new Capture(media, "camera", devices.camera);
    this.screens = new Screens(media);
    this.screens.on("change", () => this.emit("change", "screens"));
    for (const capture of [this.microphone, this.camera]) {
      capture.on("change", () => this.emit("change", capture.source));
      capture.on("lost", (problem) => this.emit("lost", { source: capture.source, problem }));
    }
  }

  /** @returns {Switches} */
  get switches() {
    return { microphone: this.microphone.live, camera: this.camera.live, screens: this.screens.numbers };
  }

  /** @returns {Record<Source, MediaStreamTrack | null>} */
  get tracks() {
    return { microphone: this.microphone.track, camera: this.camera.track };
  }

  /**
   * Ask for both at once, so that the person is asked once; where that fails, for each on its own.
   * @param {Record<Source, boolean>} wanted
   */
  async open(wanted) {
    if (!wanted.microphone || !wanted.camera || !this.#media) {
      await Promise.all([wanted.microphone && this.microphone.set(true), wanted.camera && this.camera.set(true)]);
      return;
    }
    for (const capture of [this.microphone, this.camera]) capture.expect();
    try {
      const stream = await this.#media.getUserMedia({
        audio: constraintsFor("microphone", this.microphone.device),
        video: constraintsFor("camera", this.camera.device),
      });
      const kinds = { audio: this.microphone, video: this.camera };
      await Promise.all(stream.getTracks().map((track) => kinds[/** @type {"audio" | "video"} */ (track.kind)].adopt(track)));
    } catch (error) {
      await this.#openEach(error);
    }
  }

  /** @param {unknown} error why both together could not be opened */
  async #openEach(error) {
    const problem = problemOf(error);
    for (const capture of [this.microphone, this.camera]) {
      // Someone who said no, or closed the question, is not asked twice more.
      const ask = problem.kind !== "denied" || (await permission(capture.source)) !== "ask";
      if (ask) await capture.alone();
      else capture.fail(problem);
    }
  }

  close() {
    this.silence();
    this.microphone.close();
    this.camera.close();
    this.screens.close();
  }
}

/**
 * @param {Source} source
 * @returns {Promise<"settled" | "ask">} whether asking for the device would put the question to the person again
 */
async function permission(source) {
  try {
    const status = await navigator.permissions.query({ name: /** @type {PermissionName} */ (source) });
    return status.state === "prompt" ? "ask" : "settled";
  } catch {
    return "ask";
  }
}
