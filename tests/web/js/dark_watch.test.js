import assert from "node:assert/strict";
import { test } from "node:test";

import { DarkWatch, EVERY } from "../../../web/static/state/dark_watch.js";

/** How often the page comes by. */
const STEP = 200;

/** @typedef {import("../../../web/static/state/dark_watch.js").Light} Picture */

function begin() {
  const watch = new DarkWatch();
  let [now, looks] = [0, 0];
  /** @param {number} ms @param {Picture | null} picture @param {boolean} [on] */
  const show = (ms, picture, on = true) => {
    for (const until = now + ms; now < until; ) {
      if (!watch.due((now += STEP), on)) continue;
      looks += 1;
      watch.see(now, picture);
    }
    return watch.dark;
  };
  return { watch, show, looks: () => looks, skip: (/** @type {number} */ ms) => (now += ms) };
}

const face = { mean: 90, spread: 45 };
const covered = { mean: 6, spread: 3 };
const byNight = { mean: 14, spread: 22 }; // a face in the light of a screen

test("a covered camera is noticed within two and a half seconds, and light at once", () => {
  const { show } = begin();
  assert.equal(show(5_000, face), false);
  assert.equal(show(1_400, covered), false);
  assert.equal(show(1_000, covered), true);
  assert.equal(show(EVERY + STEP, face), false);
});

test("a hand that passes is no cover", () => {
  const { show } = begin();
  let dark = false;
  for (let n = 0; n < 20; n++) {
    dark = show(3_000, face) || show(1_200, covered) || dark;
  }
  assert.equal(dark, false);
});

test("a face by night is not black, and a cover that lets some light in does not flicker", () => {
  const { show } = begin();
  for (let n = 0; n < 100; n++) assert.equal(show(STEP, byNight), false);
  show(3_000, covered);
  for (let n = 0; n < 10; n++) {
    assert.equal(show(1_000, { mean: 24, spread: 11 }), true);
    assert.equal(show(1_000, { mean: 18, spread: 8 }), true);
  }
});

test("a picture is black if it is dark and flat, and not any more if it is neither", () => {
  const { show } = begin();
  for (let n = 0; n < 100; n++) assert.equal(show(STEP, { mean: 90, spread: 2 }), false, "a white wall");
  for (const light of [{ mean: 40, spread: 3 }, { mean: 10, spread: 20 }]) {
    assert.equal(show(3_000, covered), true);
    assert.equal(show(EVERY + STEP, light), false);
  }
});

test("after light, and after no picture, it has to be so for as long as before", () => {
  const { show } = begin();
  assert.equal(show(5_000, covered), true);
  show(EVERY + STEP, face);
  assert.equal(show(1_400, covered), false);
  show(EVERY + STEP, null);
  assert.equal(show(1_400, covered), false);
  assert.equal(show(1_000, covered), true);
});

test("one that was turned on again is looked at at once", () => {
  const { watch } = begin();
  assert.deepEqual([watch.due(1_000, true), watch.due(1_100, true)], [true, false]);
  assert.deepEqual([watch.due(1_200, false), watch.due(1_300, true)], [false, true]);
});

test("a camera that was just opened has time to find its exposure", () => {
  const { show } = begin();
  assert.equal(show(1_800, covered), false);
  assert.equal(show(3_000, face), false);
});

test("one that is off is not dark, nor is one that shows nothing yet", () => {
  const { show } = begin();
  assert.equal(show(5_000, covered), true);
  assert.equal(show(STEP, covered, false), false);
  assert.equal(show(10_000, null), false);
});

test("what was not looked at for a while is not known, and what was found stays", () => {
  const { show, skip } = begin();
  show(3_000, face);
  show(1_000, covered);
  skip(60_000); // the page was hidden
  assert.equal(show(1_000, covered), false);
  assert.equal(show(1_400, covered), true);
  skip(60_000);
  assert.equal(show(STEP, covered), true);
});

test("it looks now and then, and not at a camera that is off", () => {
  const { show, looks } = begin();
  show(60_000, face);
  assert.ok(looks() <= 60_000 / EVERY, String(looks()));
  const before = looks();
  show(60_000, face, false);
  assert.equal(looks(), before);
});

test("what was seen of a camera that was turned off meanwhile counts no more", () => {
  const { watch, show } = begin();
  show(3_000, face);
  show(STEP, face, false);
  watch.see(3_200, covered);
  watch.see(9_000, covered);
  assert.equal(watch.dark, false);
});
