import assert from "node:assert/strict";
import { test } from "node:test";

import { Headroom, LONGEST } from "../../../web/static/rtc/headroom.js";
import { LayerWatch } from "../../../web/static/rtc/layer_watch.js";
import { LAYERS, stirred } from "../../../web/static/rtc/sending.js";
import { readCamera } from "../../../web/static/rtc/stats.js";
import { LINGER } from "../../../web/static/rtc/wanted_layers.js";
import { FakeConnection, settled } from "./fake_rtc.js";

const { PublishLeg } = await import("../../../web/static/rtc/publish_leg.js");

/** A camera that is asked once a second, and what it has sent. */
class Camera {
  headroom = new Headroom();
  now = 0;
  /** @type {Record<string, number>} */
  bytes = { q: 5_000, h: 9_000, f: 0 };

  /**
   * @param {(number | null)[]} available what fits, second by second
   * @param {string} comes the layers that come meanwhile
   * @returns {number[]} in which of these seconds the browser is to look
   */
  pass(available, comes = "q") {
    const looks = [];
    for (const [second, bits] of available.entries()) {
      for (const rid of comes) this.bytes[rid] = (this.bytes[rid] ?? 0) + 4_000;
      const layers = Object.entries(this.bytes).map(([layer, bytes]) => ({ layer, active: true, bytes }));
      if (this.headroom.look({ available: bits, layers }, this.now)) looks.push(second);
      this.now += 1_000;
    }
    return looks;
  }
}

const rise = (/** @type {number} */ from, /** @type {number} */ seconds) => Array.from({ length: seconds }, (_, at) => from * 1.05 ** at);

test("where a layer stays away and more fits than when it fell, the browser is to look", () => {
  const camera = new Camera();
  assert.deepEqual(camera.pass([1_500_000, 1_500_000], "qh"), []);
  assert.deepEqual(camera.pass([90_000, 83_000, 83_000]), []);
  assert.deepEqual(camera.pass(rise(85_000, 7)), [4, 5, 6], "until it comes");
  assert.deepEqual(camera.pass([800_000, 1_500_000, 1_500_000], "qh"), []);
});

test("on a way that has found its limit, where what fits goes up and down, it never is", () => {
  const camera = new Camera();
  assert.deepEqual(camera.pass([1_500_000, 90_000], "qh"), []);
  const saw = Array.from({ length: 120 }, (_, at) => 85_000 + 2_000 * (at % 8));
  assert.deepEqual(camera.pass(saw), []);
});

test("that it was too much is learned", () => {
  const camera = new Camera();
  camera.pass([1_500_000, 90_000], "qh");
  const cycle = [...rise(80_000, 6), 80_000];
  const looks = camera.pass(Array.from({ length: 120 }, (_, at) => cycle[at % cycle.length] ?? 0));
  assert.ok(looks.length < 10, `${looks}`);
  assert.ok((looks.at(-1) ?? 0) - (looks.at(-2) ?? 0) >= LONGEST / 1_000, `${looks}`);
});

test("and so is that it was of no use", () => {
  const camera = new Camera();
  camera.pass([1_500_000, 90_000], "qh");
  const looks = camera.pass(new Array(120).fill(150_000));
  assert.deepEqual(looks.slice(0, 6), [0, 1, 2, 3, 4, 5]);
  assert.ok(looks.length < 15, `${looks}`);
  camera.pass([150_000], "qh");
  assert.deepEqual(camera.pass([150_000, 150_000]), [0, 1], "it came meanwhile");
});

test("a layer that never came is not waited for, nor any of a camera that is off or a browser that tells nothing", () => {
  const never = new Camera();
  never.bytes = { q: 5_000, f: 0 };
  never.pass([90_000]);
  assert.deepEqual(never.pass(new Array(20).fill(150_000)), []);
  const off = new Camera();
  off.pass([1_500_000, 90_000], "qh");
  assert.deepEqual(off.pass(new Array(20).fill(150_000), ""), []);
  const silent = new Camera();
  silent.pass([null, null], "qh");
  assert.deepEqual(silent.pass(new Array(20).fill(null)), []);
});

/** @param {{available: number, bytes: Record<string, number>}} its */
const sender = (its) => ({
  track: {},
  getStats: async () =>
    new Map(
      [
        { id: "P", type: "candidate-pair", nominated: true, availableOutgoingBitrate: its.available },
        ...Object.entries(its.bytes).map(([rid, bytesSent]) => ({ id: rid, type: "outbound-rtp", kind: "video", rid, active: rid !== "f", bytesSent })),
      ].map((each) => [each.id, each]),
    ),
});

test("what a camera meets is what its sender counts of each layer", async () => {
  assert.deepEqual(await readCamera(sender({ available: 90_000, bytes: { q: 5, f: 0 } })), {
    available: 90_000,
    layers: [
      { layer: "q", active: true, bytes: 5 },
      { layer: "f", active: false, bytes: 0 },
    ],
  });
  assert.deepEqual(await readCamera({ getStats: async () => new Map() }), { available: null, layers: [] });
});

test("the browser is told once more what it is to send, and that is another number each time", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const its = { available: 90_000, bytes: { q: 5, h: 5 } };
  let told = 0;
  const camera = /** @type {any} */ (sender(its));
  const watch = new LayerWatch(camera, /** @type {any} */ ({ repeat: () => (told += 1) }));
  const pass = async (/** @type {number} */ available) => {
    its.available = available;
    its.bytes.q += 4_000;
    t.mock.timers.tick(1_000);
    await settled();
  };
  watch.begin();
  watch.begin();
  await pass(90_000);
  assert.equal(told, 0);
  await pass(120_000);
  assert.equal(told, 1);
  camera.track = null;
  await pass(120_000);
  watch.close();
  camera.track = {};
  await pass(120_000);
  assert.equal(told, 1);
  for (const { rid, maxBitrate } of LAYERS) {
    const first = stirred(rid, maxBitrate);
    assert.ok(first !== maxBitrate && first !== undefined && first - maxBitrate < maxBitrate / 100);
    assert.equal(stirred(rid, first), maxBitrate);
    assert.equal(stirred(rid, undefined), maxBitrate);
  }
  assert.equal(stirred("other", 5), undefined);
});

test("a leg tells its browser of each change of what is wanted with other numbers", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  const leg = new PublishLeg();
  const connection = /** @type {any} */ (FakeConnection.made.at(-1));
  const { sender, mid } = connection.getTransceivers()[1];
  let encodings = LAYERS.map(({ rid, maxBitrate }) => ({ rid, maxBitrate, active: true }));
  sender.getParameters = () => ({ encodings: structuredClone(encodings) });
  sender.setParameters = async (/** @type {any} */ parameters) => void (encodings = parameters.encodings);
  await leg.offer;
  await leg.accept("v=0\r\n");
  leg.want(mid, ["q", "h"]);
  t.mock.timers.tick(LINGER);
  await settled();
  assert.deepEqual(encodings.map(({ active }) => active), [true, true, false]);
  const before = encodings;
  leg.want(mid, ["h"]);
  t.mock.timers.tick(LINGER);
  await settled();
  assert.deepEqual(encodings.map(({ active }) => active), [false, true, false]);
  for (const [index, { maxBitrate }] of encodings.entries()) assert.notEqual(maxBitrate, before[index]?.maxBitrate);
  const looking = t.mock.method(globalThis, "setInterval");
  leg.close();
  leg.want(mid, ["q"]);
  assert.equal(looking.mock.callCount(), 0);
});
