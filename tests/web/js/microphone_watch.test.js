import assert from "node:assert/strict";
import { test } from "node:test";

import { MicrophoneWatch, SILENT_AFTER, SILENT_AT_FIRST } from "../../../web/static/state/microphone_watch.js";
import { SILENCE } from "../../../web/static/state/playing.js";

const STEP = 200;

function begin() {
  const watch = new MicrophoneWatch();
  let now = 0;
  /** @param {boolean} on @param {number} ms @param {(n: number) => number | null} level of the n-th look */
  const hear = (on, ms, level) => {
    for (let n = 0; n * STEP < ms; n++) watch.hear((now += STEP), on, level(n));
  };
  return { watch, hear, skip: (/** @type {number} */ ms) => (now += ms) };
}

const quiet = () => -62;
const speech = (/** @type {number} */ n) => (n % 3 === 2 ? -48 : -26);

test("who talks though the microphone is off is noticed within two seconds, and it ends when they stop", () => {
  const { watch, hear } = begin();
  hear(false, 3_000, quiet);
  assert.equal(watch.talking, false);
  hear(false, 1_800, speech);
  assert.equal(watch.talking, true);
  hear(false, 5_000, quiet);
  assert.equal(watch.talking, false);
});

test("switched on, nobody is muted any more, at once", () => {
  const { watch, hear } = begin();
  hear(false, 3_000, speech);
  assert.equal(watch.talking, true);
  hear(true, STEP, speech);
  assert.equal(watch.talking, false);
});

test("a click, a door and a fan are no talk", () => {
  const { watch, hear } = begin();
  hear(true, 30_000, () => -40); // the fan is known by the time the microphone is switched off
  hear(false, 20_000, (n) => (n % 25 === 0 ? -15 : -40));
  assert.equal(watch.talking, false);
  hear(false, 600, () => -10);
  assert.equal(watch.talking, false);
});

test("a microphone that stops to give anything is noticed within two seconds, and no longer once it gives anything", () => {
  const { watch, hear } = begin();
  hear(true, 4_000, (n) => (n % 10 < 4 ? -30 : -75));
  hear(true, SILENT_AFTER, () => SILENCE);
  assert.equal(watch.silent, false);
  hear(true, 2 * STEP, () => SILENCE);
  assert.equal(watch.silent, true);
  hear(true, STEP, () => -80);
  assert.equal(watch.silent, false);
});

test("one that gave nothing since it was opened may take a moment more", () => {
  const { watch, hear } = begin();
  hear(true, SILENT_AT_FIRST, () => SILENCE);
  assert.equal(watch.silent, false);
  hear(true, 2 * STEP, () => SILENCE);
  assert.equal(watch.silent, true);
});

test("a quiet room before anybody speaks is not nothing", () => {
  const { watch, hear } = begin();
  let alarms = 0;
  for (let n = 0; n < 1_800_000 / STEP; n++) {
    // Sound that is looked for in a device that sleeps at first, and the least noise that a converter of 16 bits has.
    hear(true, STEP, () => (n < 8 ? SILENCE : -98 + (n % 5)));
    if (watch.silent) alarms += 1;
  }
  assert.equal(alarms, 0);
});

test("a gate that shows itself by its pauses raises no alarm in the first long silence", () => {
  const { watch, hear } = begin();
  let alarms = 0;
  for (const pause of [400, 1_000, 600, 1_200, 4_000, 9_000]) {
    hear(true, 2_000, () => -28);
    for (let ms = 0; ms < pause; ms += STEP) {
      hear(true, STEP, () => SILENCE);
      if (watch.silent) alarms += 1;
    }
  }
  assert.equal(alarms, 0);
  hear(true, 19_000, () => SILENCE); // it is dead, and not just closed
  assert.equal(watch.silent, true);
});

test("a gate in the device is silent while nobody talks, and that is learnt", () => {
  const { watch, hear } = begin();
  let alarms = 0;
  for (let n = 0; n < 10; n++) {
    hear(true, 8_000, () => SILENCE);
    if (watch.silent) alarms += 1;
    hear(true, 1_000, () => -30);
  }
  assert.equal(alarms, 1);
  hear(true, 40_000, () => SILENCE);
  assert.equal(watch.silent, true);
});

test("what cannot be heard, or was not listened to for a while, is not known", () => {
  const { watch, hear, skip } = begin();
  hear(true, 10_000, () => null);
  assert.equal(watch.silent, false);
  hear(true, 2_000, () => SILENCE);
  skip(60_000);
  hear(true, 2_000, () => SILENCE);
  assert.equal(watch.silent, false);
});

test("the loudest since the last report is told, and only of a microphone that is on", () => {
  const { watch, hear } = begin();
  hear(false, 1_000, speech);
  assert.equal(watch.take(), null);
  hear(true, 1_000, speech);
  assert.deepEqual([watch.take(), watch.take()], [-26, null]);
});
