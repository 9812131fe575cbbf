import assert from "node:assert/strict";
import { test } from "node:test";

import { LocalMedia } from "../../../web/static/rtc/local_media.js";
import { settled } from "./fake_rtc.js";

class FakeTrack extends EventTarget {
  readyState = "live";
  enabled = true;
  /** @param {string} kind @param {string} deviceId */
  constructor(kind, deviceId) {
    super();
    this.kind = kind;
    this.deviceId = deviceId;
  }

  getSettings() {
    return { deviceId: this.deviceId };
  }

  muted = false;
  /** @type {FakeTrack[]} */
  clones = [];

  clone() {
    const clone = new FakeTrack(this.kind, this.deviceId);
    this.clones.push(clone);
    return clone;
  }

  stop() {
    this.readyState = "ended";
  }
}

/** A browser's devices; each question waits until the test answers it. */
class FakeDevices {
  /** @type {{asked: any, grant: () => FakeTrack[], refuse: (name: string) => void}[]} */
  questions = [];

  /** @param {any} asked */
  getUserMedia(asked) {
    return new Promise((resolve, reject) => {
      const tracks = ["audio", "video"].filter((kind) => asked[kind]).map((kind) => new FakeTrack(kind, asked[kind].deviceId?.ideal ?? `default ${kind}`));
      this.questions.push({
        asked,
        grant: () => (resolve({ getTracks: () => tracks }), tracks),
        refuse: (name) => reject(new DOMException("", name)),
      });
    });
  }
}

function make() {
  const devices = new FakeDevices();
  const local = new LocalMedia(/** @type {any} */ (devices), { microphone: "", camera: "" });
  return { devices, local };
}

const both = { microphone: true, camera: true };

test("both are asked for in one question", async () => {
  const { devices, local } = make();
  const opening = local.open(both);
  assert.deepEqual([local.camera.wanted, local.camera.busy, local.camera.live], [true, true, false]);
  devices.questions[0]?.grant();
  await opening;
  assert.equal(devices.questions.length, 1);
  assert.deepEqual(local.switches, { ...both, screens: [] });
});

test("a camera that is switched off while the question stands never goes on", async () => {
  const { devices, local } = make();
  const opening = local.open(both);
  void local.camera.set(false);
  const tracks = devices.questions[0]?.grant();
  await opening;
  assert.deepEqual(local.switches, { microphone: true, camera: false, screens: [] });
  assert.equal(tracks?.[1]?.readyState, "ended");
});

test("where one is missing the other is used", async () => {
  const { devices, local } = make();
  const opening = local.open(both);
  devices.questions[0]?.refuse("NotFoundError");
  await settled();
  devices.questions[1]?.grant();
  await settled();
  devices.questions[2]?.refuse("NotFoundError");
  await opening;
  assert.deepEqual(local.switches, { microphone: true, camera: false, screens: [] });
  assert.equal(local.camera.problem?.kind, "missing");
});

test("a camera that is off is let go, a microphone only silenced", async () => {
  const { devices, local } = make();
  const opening = local.open(both);
  const [sound, picture] = devices.questions[0]?.grant() ?? [];
  await opening;
  await Promise.all([local.camera.set(false), local.microphone.set(false)]);
  assert.deepEqual([picture?.readyState, sound?.readyState, sound?.enabled], ["ended", "live", false]);
  assert.deepEqual(local.tracks, { microphone: null, camera: null });
  await local.microphone.set(true);
  assert.equal(devices.questions.length, 1);
  assert.equal(local.switches.microphone, true);
});

test("a switch thrown many times ends as it was thrown last", async () => {
  const { devices, local } = make();
  void local.camera.set(true);
  await settled();
  void local.camera.set(false);
  void local.camera.set(true);
  const last = local.camera.set(false);
  const tracks = devices.questions[0]?.grant();
  await last;
  assert.equal(local.camera.live, false);
  assert.equal(tracks?.[0]?.readyState, "ended");
});

test("another device is opened at once if one is open, and later if not", async () => {
  const { devices, local } = make();
  await local.camera.choose("front");
  assert.equal(devices.questions.length, 0);
  const first = local.camera.set(true);
  await settled();
  const [front] = devices.questions[0]?.grant() ?? [];
  await first;
  const second = local.camera.choose("back");
  await settled();
  assert.equal(front?.readyState, "ended");
  devices.questions[1]?.grant();
  await second;
  assert.equal(local.camera.using, "back");
});

test("a device that goes away is off, and said", async () => {
  const { devices, local } = make();
  /** @type {string[]} */
  const lost = [];
  local.on("lost", ({ source, problem }) => lost.push(`${source} ${problem.kind}`));
  const opening = local.open(both);
  const tracks = devices.questions[0]?.grant();
  await opening;
  tracks?.[1]?.dispatchEvent(new Event("ended"));
  assert.deepEqual(lost, ["camera lost"]);
  assert.deepEqual(local.switches, { microphone: true, camera: false, screens: [] });
});

test("what comes after the page let go is let go too", async () => {
  const { devices, local } = make();
  void local.open(both);
  local.close();
  const tracks = devices.questions[0]?.grant() ?? [];
  await settled();
  assert.ok(tracks.every(({ readyState }) => readyState === "ended"));
});

test("a microphone that is off is heard by the page alone, if at all, and let go with the device", async () => {
  const { devices, local } = make();
  const opening = local.open(both);
  const [sound, picture] = devices.questions[0]?.grant() ?? [];
  await opening;
  assert.equal(local.microphone.raw, sound);
  await local.microphone.set(false);
  assert.equal(local.microphone.raw, null);
  local.microphone.listens = true;
  const [ear] = sound?.clones ?? [];
  assert.ok(ear);
  assert.deepEqual([local.microphone.raw, local.microphone.track, ear.enabled, sound?.enabled], [ear, null, true, false]);
  await local.microphone.set(true);
  assert.deepEqual([local.microphone.raw, ear.readyState], [sound, "ended"]);
  await Promise.all([local.microphone.set(false), local.camera.set(false)]);
  assert.deepEqual([sound?.clones.length, picture?.clones.length, sound?.clones[1]?.readyState], [2, 0, "live"]);
  local.close();
  assert.deepEqual([local.microphone.raw, sound?.clones[1]?.readyState], [null, "ended"]);
});

test("a device that the system muted is told from one that its person switched off", async () => {
  const { devices, local } = make();
  assert.equal(local.microphone.state, "off");
  const opening = local.open(both);
  const [sound] = devices.questions[0]?.grant() ?? [];
  await opening;
  assert.deepEqual([local.microphone.state, local.camera.state], ["live", "live"]);
  let changes = 0;
  local.on("change", () => (changes += 1));
  Object.assign(sound ?? {}, { muted: true });
  sound?.dispatchEvent(new Event("mute"));
  assert.deepEqual([local.microphone.state, local.microphone.live, changes], ["muted", true, 1]);
  await local.microphone.set(false);
  assert.equal(local.microphone.state, "off");
});

for (const [name, state] of [["NotAllowedError", "denied"], ["NotFoundError", "missing"], ["NotReadableError", "busy"]]) {
  test(`a microphone that could not be opened (${name}) is ${state}`, async () => {
    const { devices, local } = make();
    const setting = local.microphone.set(true);
    await settled();
    devices.questions[0]?.refuse(name ?? "");
    await setting;
    assert.equal(local.microphone.state, state);
  });
}
