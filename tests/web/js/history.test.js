import assert from "node:assert/strict";
import { test } from "node:test";

import { History, SPAN } from "../../../web/static/state/history.js";
import { axisEnd, bitrate, milliseconds, percent, wayWords } from "../../../web/static/text/figures.js";

const way = { roundTrip: 0.05, available: null, protocol: "udp", relayed: false };
const track = { id: "v", participant: "b", source: "microphone", packets: 0, lost: 0, bytes: 0, energy: 0, duration: 0, samples: 0, concealed: 0, level: 0, frames: 0, height: 0, jitter: null };
const layer = { id: "o", mid: "1", layer: "q", kind: "video", bytes: 0, packets: 0, height: 180, fps: 15, lost: null };

/** @param {number} at @param {Partial<typeof track>[]} tracks @param {Partial<Omit<typeof layer, "lost"> & {lost: number | null}>[]} [layers] @returns {import("../../../web/static/rtc/stats.js").Counted} */
const counted = (at, tracks, layers = []) => ({
  at,
  uplink: { ...way, sent: layers.map((each) => ({ ...layer, ...each })) },
  downlink: { ...way, received: tracks.map((each) => ({ ...track, ...each })) },
});

const last = (/** @type {readonly {value: number | null}[]} */ points) => points.at(-1)?.value;

test("rates are made of counts, sound and picture of a person together", () => {
  const history = new History();
  const face = { id: "f", source: "camera", height: 360 };
  history.add(counted(1_000, [{}, face], [{}, { id: "p", kind: "audio", layer: "" }]));
  assert.equal(last(history.own.receiving), null);
  history.add(counted(
    3_000,
    [{ bytes: 5_000, packets: 90, lost: 10 }, { ...face, bytes: 120_000, packets: 100, frames: 50 }],
    [{ bytes: 25_000, packets: 50, lost: 0.2 }, { id: "p", kind: "audio", layer: "", bytes: 5_000, packets: 50, lost: 0 }],
  ));
  assert.deepEqual([last(history.own.receiving), last(history.own.sending), last(history.own.lostSending), last(history.own.lostReceiving), last(history.own.roundTrip)], [500_000, 120_000, 0.1, 0.05, 0.05]);
  const bob = history.people.get("b");
  assert.deepEqual([last(bob?.bitrate ?? []), last(bob?.height ?? []), bob?.fps], [500_000, 360, 25]);
  assert.deepEqual(history.layers.map(({ kind, bitrate }) => [kind, bitrate]), [["audio", 20_000], ["video", 100_000]]);
});

test("a connection that was made anew, a pause and a person who left are no rates", () => {
  const history = new History();
  history.add(counted(0, [{ bytes: 9_000 }]));
  history.add(counted(1_000, [{ bytes: 100 }]));
  assert.equal(last(history.own.receiving), null);
  history.add(counted(1_100, [{ bytes: 90_000 }])); // too soon to say
  history.add(counted(2_000, [{ bytes: 1_100 }]));
  assert.equal(last(history.own.receiving), 8_000);
  history.add({ at: 3_000, uplink: null, downlink: null });
  assert.deepEqual([last(history.own.receiving), history.people.size, history.protocol], [null, 0, ""]);
});

test("a picture that does not come has no layer", () => {
  const history = new History();
  const face = { id: "f", source: "camera", height: 360 };
  history.add(counted(0, [face]));
  history.add(counted(1_000, [face]));
  assert.equal(last(history.people.get("b")?.height ?? []), null);
});

test("two minutes are kept, and no more", () => {
  const history = new History();
  for (let n = 0; n < 1_000; n++) history.add(counted(1_000 * n, [{ bytes: 1_000 * n }]));
  const points = history.own.receiving;
  assert.ok(points.length <= SPAN / 1_000 + 2, String(points.length));
  assert.ok((points[1]?.at ?? 0) >= 999_000 - SPAN);
});

test("figures are short", () => {
  assert.deepEqual([0, 64_400, 999_600, 1_234_000, 25_000_000].map(bitrate), ["0 kbit/s", "64 kbit/s", "1.0 Mbit/s", "1.2 Mbit/s", "25 Mbit/s"]);
  assert.deepEqual([0, 0.0123, 0.05, 0.5].map(percent), ["0 %", "1.2 %", "5 %", "50 %"]);
  assert.equal(milliseconds(0.0421), "42 ms");
  assert.deepEqual([axisEnd(0, 100_000), axisEnd(130_000, 100_000), axisEnd(2_100_000, 1), axisEnd(0.07, 0.05)].map((value) => Number(value.toPrecision(3))), [100_000, 200_000, 3_000_000, 0.1]);
  assert.match(wayWords("tcp", true), /over TCP, through a relay/);
  assert.match(wayWords("", false), /Nothing is connected/);
});
