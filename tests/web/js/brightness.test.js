/** How bright a picture is: of points, of a plane of luma, and of the frames that a browser gives. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Brightness, brightnessOf, brightnessOfLuma } from "../../../web/static/pages/brightness.js";

test("brightness is that of the points, as eyes weigh them", () => {
  const [black, white, green] = [[0, 0, 0, 255], [255, 255, 255, 255], [0, 255, 0, 255]];
  assert.deepEqual(brightnessOf([...black, ...black]), { mean: 0, spread: 0 });
  const { mean, spread } = brightnessOf([...black, ...white]);
  assert.ok(Math.abs(mean - 127.5) < 0.01 && Math.abs(spread - 127.5) < 0.01, `${mean} ${spread}`);
  assert.ok(Math.abs(brightnessOf(green).mean - 149.7) < 0.1);
  assert.deepEqual(brightnessOf([]), { mean: 0, spread: 0 });
});

test("brightness is that of a plane of luma, too, wherever it lies and whatever is black in it", () => {
  const [width, height, stride, offset] = [64, 36, 80, 5];
  const octets = new Uint8Array(offset + stride * height + 1_000).fill(200);
  /** @param {number} luma */
  const paint = (luma) => {
    for (let row = 0; row < height; row++) octets.fill(luma, offset + row * stride, offset + row * stride + width);
  };
  paint(16);
  assert.deepEqual(brightnessOfLuma(octets, { offset, stride }, width, height, false), { mean: 0, spread: 0 });
  assert.deepEqual(brightnessOfLuma(octets, { offset, stride }, width, height, true), { mean: 16, spread: 0 });
  paint(235);
  assert.deepEqual(brightnessOfLuma(octets, { offset, stride }, width, height, false), { mean: 255, spread: 0 });
  paint(3);
  assert.equal(brightnessOfLuma(octets, { offset, stride }, width, height, false).mean, 0, "nothing is darker than black");
  paint(250);
  assert.equal(brightnessOfLuma(octets, { offset, stride }, width, height, false).mean, 255);
  for (let luma = 16; luma <= 235; luma++) {
    paint(luma);
    const { spread } = brightnessOfLuma(octets, { offset, stride }, width, height, false);
    assert.ok(spread < 1e-3, `${luma}: ${spread}`); // and is a number
  }
  octets.fill(16, offset, offset + (stride * height) / 2);
  assert.ok(Math.abs(brightnessOfLuma(octets, { offset, stride }, width, height, false).mean - 127.5) < 0.1);
});

class FakeStream {
  /** @param {object} track */
  constructor(track) {
    this.getVideoTracks = () => [track];
  }
}
Object.assign(globalThis, { HTMLMediaElement: { HAVE_CURRENT_DATA: 2 }, MediaStream: FakeStream });

/** A camera of which each look gets the next of these. @param {(() => any)[]} frames @param {() => Promise<void>} [cancel] @param {string} [readyState] */
function camera(frames, cancel = async () => {}, readyState = "live") {
  let open = 0;
  const clone = () => {
    open += readyState === "live" ? 1 : 0;
    return { readyState, stop: () => (open -= 1) };
  };
  const MediaStreamTrackProcessor = class {
    readable = { getReader: () => ({ read: async () => ({ value: frames.shift()?.() }), cancel }) };
  };
  Object.assign(globalThis, { MediaStreamTrackProcessor });
  const video = /** @type {any} */ ({ readyState: 2, videoWidth: 4, srcObject: new FakeStream({ clone }) });
  return { video, open: () => open };
}

/** @param {number} luma @param {{width?: number, copied?: (octets: Uint8Array) => void, closed?: () => void, fails?: boolean, format?: string | null, fullRange?: boolean | null}} [how] */
const frame = (luma, { width = 4, copied, closed, fails = false, format = "I420", fullRange = true } = {}) => () => ({
  format,
  visibleRect: { width, height: 4 },
  colorSpace: { fullRange },
  allocationSize: () => width * 6,
  copyTo: async (/** @type {Uint8Array} */ octets) => {
    if (fails) throw new DOMException("closed", "InvalidStateError");
    await Promise.resolve(); // it takes a moment
    copied?.(octets);
    octets.fill(luma);
    return [{ offset: 0, stride: width }];
  },
  close: () => closed?.(),
});

test("a frame is read of a copy of the track, which is stopped, and no stream's refusal to end takes it away", async () => {
  const { video, open } = camera([frame(70)], async () => {
    throw new Error("no");
  });
  assert.deepEqual(await new Brightness().read(video), { mean: 70, spread: 0 });
  assert.equal(open(), 0);
});

test("the reader is let go, and the copy stopped once", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let cancelled = 0;
  const { video, open } = camera([frame(70)], async () => {
    cancelled += 1;
  });
  await new Brightness().read(video);
  t.mock.timers.tick(60_000);
  assert.deepEqual([cancelled, open()], [1, 0]);
});

test("a camera that gives none is not waited for for long", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let [stopped, end] = [false, () => {}];
  const read = () => new Promise((resolve) => (end = () => resolve({ done: true })));
  const MediaStreamTrackProcessor = class {
    readable = { getReader: () => ({ read, cancel: async () => {} }) };
  };
  const { video } = camera([]);
  Object.assign(globalThis, { MediaStreamTrackProcessor });
  const stop = () => {
    stopped = true;
    end();
  };
  video.srcObject = new FakeStream({ clone: () => ({ readyState: "live", stop }) });
  const seen = new Brightness().read(video);
  t.mock.timers.tick(1_000);
  assert.ok(stopped);
  assert.equal(await seen, null);
});

test("a track that has ended, and a video that shows nothing, are no picture", async () => {
  const { video, open } = camera([frame(70)], undefined, "ended");
  assert.equal(await new Brightness().read(video), null);
  assert.equal(open(), 0);
  const shown = camera(Array.from({ length: 3 }, () => frame(70))).video;
  assert.equal(await new Brightness().read(null), null);
  assert.equal(await new Brightness().read({ ...shown, readyState: 1 }), null);
  assert.equal(await new Brightness().read({ ...shown, videoWidth: 0 }), null);
});

test("a frame is read before it is closed, and what it does not say of its range is the usual one", async () => {
  /** @type {string[]} */
  const order = [];
  const how = { copied: () => order.push("copied"), closed: () => order.push("closed"), fullRange: null };
  assert.deepEqual(await new Brightness().read(camera([frame(16, how)]).video), { mean: 0, spread: 0 });
  assert.deepEqual(order, ["copied", "closed"]);
});

/** Canvases whose pixels are all of this grey. @param {import("node:test").TestContext} t @param {number} grey */
function canvases(t, grey) {
  /** @type {any[]} */
  const drawn = [];
  const getImageData = (/** @type {number} */ _, /** @type {number} */ __, /** @type {number} */ width, /** @type {number} */ height) => ({
    data: new Uint8ClampedArray(4 * width * height).fill(grey),
  });
  const createElement = t.mock.fn(() => ({ getContext: () => ({ drawImage: (/** @type {any} */ what) => drawn.push(what), getImageData }) }));
  Object.assign(globalThis, { document: { createElement } });
  t.after(() => Reflect.deleteProperty(globalThis, "document"));
  return { drawn, made: () => createElement.mock.callCount() };
}

test("a frame without a plane of luma is drawn, always on the same canvas, and closed", async (t) => {
  const { drawn, made } = canvases(t, 50);
  let closed = 0;
  const brightness = new Brightness();
  for (const format of ["RGBA", null]) {
    const { video } = camera([frame(70, { format, closed: () => (closed += 1) })]);
    const { mean, spread } = (await brightness.read(video)) ?? {};
    assert.ok(Math.abs((mean ?? 0) - 50) < 1e-6 && (spread ?? 1) < 1e-3);
  }
  assert.deepEqual([drawn.length, made(), closed], [2, 1, 2]);
});

test("where there are no frames to read, or no track to read them of, the video is drawn", async (t) => {
  const { drawn } = canvases(t, 50);
  const { video } = camera([frame(70)]);
  video.srcObject = null;
  await new Brightness().read(video);
  const other = camera([frame(70)]).video;
  Object.assign(globalThis, { MediaStreamTrackProcessor: undefined });
  await new Brightness().read(other);
  assert.deepEqual(drawn, [video, other]);
});

test("a copy is stopped where there is no reading it, too", async () => {
  const { video, open } = camera([]);
  const broken = class {
    constructor() {
      throw new TypeError("no");
    }
  };
  Object.assign(globalThis, { MediaStreamTrackProcessor: broken });
  await assert.rejects(new Brightness().read(video), TypeError);
  assert.equal(open(), 0);
});

test("a frame that is gone is no picture, and neither is none", async () => {
  let closed = 0;
  const { video } = camera([frame(70, { fails: true, closed: () => (closed += 1) })]);
  const brightness = new Brightness();
  assert.equal(await brightness.read(video), null);
  assert.equal(closed, 1);
  assert.equal(await brightness.read(video), null);
});

test("frames of the same size are copied to the same place", async () => {
  /** @type {Uint8Array[]} */
  const places = [];
  const copied = (/** @type {Uint8Array} */ octets) => places.push(octets);
  const { video } = camera([frame(9, { copied }), frame(80, { copied }), frame(80, { width: 8, copied }), frame(80, { copied })]);
  const brightness = new Brightness();
  for (const mean of [9, 80, 80, 80]) assert.deepEqual(await brightness.read(video), { mean, spread: 0 });
  assert.equal(places[0], places[1]);
  assert.deepEqual(places.map(({ length }) => length), [24, 24, 48, 24]);
});
