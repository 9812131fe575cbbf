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

/** A camera of which each look gets the next of these. @param {(() => any)[]} frames @param {() => Promise<void>} [cancel] */
function camera(frames, cancel = async () => {}) {
  let open = 0;
  const clone = () => {
    open += 1;
    return { readyState: "live", stop: () => (open -= 1) };
  };
  const MediaStreamTrackProcessor = class {
    readable = { getReader: () => ({ read: async () => ({ value: frames.shift()?.() }), cancel }) };
  };
  Object.assign(globalThis, { MediaStreamTrackProcessor });
  const video = /** @type {any} */ ({ readyState: 2, videoWidth: 4, srcObject: new FakeStream({ clone }) });
  return { video, open: () => open };
}

/** @param {number} luma @param {{width?: number, copied?: (octets: Uint8Array) => void, closed?: () => void, fails?: boolean}} [how] */
const frame = (luma, { width = 4, copied, closed, fails = false } = {}) => () => ({
  format: "I420",
  visibleRect: { width, height: 4 },
  colorSpace: { fullRange: true },
  allocationSize: () => width * 6,
  copyTo: async (/** @type {Uint8Array} */ octets) => {
    if (fails) throw new DOMException("closed", "InvalidStateError");
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
  const { video } = camera([frame(9, { copied }), frame(80, { copied }), frame(80, { width: 8, copied })]);
  const brightness = new Brightness();
  for (const mean of [9, 80, 80]) assert.deepEqual(await brightness.read(video), { mean, spread: 0 });
  assert.equal(places[0], places[1]);
  assert.deepEqual(places.map(({ length }) => length), [24, 24, 48]);
});
