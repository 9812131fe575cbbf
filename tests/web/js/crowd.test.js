import assert from "node:assert/strict";
import { test } from "node:test";

import { capacity, Crowd, LOWEST, NARROWEST } from "../../../web/static/layout/crowd.js";
import { arrange } from "../../../web/static/layout/grid.js";

const people = (/** @type {number} */ count) => Array.from({ length: count }, (_, index) => `p${index}`);
const on = (/** @type {number} */ width, /** @type {number} */ height) => (/** @type {number} */ count) => arrange(count, width, height, 10);

test("all have room on a large stage, and as many as can be recognised on a small one", () => {
  assert.equal(capacity(on(1416, 770), 32), 32);
  for (const [width, height] of /** @type {const} */ ([[374, 660], [770, 340], [320, 120]])) {
    const fits = capacity(on(width, height), 200);
    const [tile] = on(width, height)(fits);
    assert.ok(fits > 1 && fits < 40, String(fits));
    assert.ok(tile && tile.width >= NARROWEST && tile.height >= LOWEST, JSON.stringify(tile));
  }
  assert.equal(capacity(on(40, 40), 9), 1);
  assert.equal(capacity(on(40, 40), 0), 0);
  assert.equal(capacity(on(0, 0), 9), 9, "a stage that is not there yet hides nobody");
});

test("where all have room they are shown in the usual order, whoever speaks", () => {
  const crowd = new Crowd();
  assert.deepEqual(crowd.choose(people(4), [], 4), people(4));
  assert.deepEqual(crowd.choose(people(4), ["p3", "p1"], 6), people(4));
});

test("who speaks and is not shown takes the place of who spoke longest ago, and nobody else moves", () => {
  const crowd = new Crowd();
  assert.deepEqual(crowd.choose(people(9), ["p0"], 4), ["p0", "p1", "p2", "p3"]);
  assert.deepEqual(crowd.choose(people(9), ["p0", "p2"], 4), ["p0", "p1", "p2", "p3"], "who is shown stays there");
  assert.deepEqual(crowd.choose(people(9), ["p0", "p8", "p2"], 4), ["p0", "p1", "p2", "p8"]);
  assert.deepEqual(crowd.choose(people(9), ["p0", "p7", "p8", "p2"], 4), ["p0", "p7", "p2", "p8"]);
  assert.deepEqual(crowd.choose(people(9), ["p0", "p6", "p7", "p8", "p2"], 4), ["p0", "p7", "p6", "p8"]);
  assert.deepEqual(crowd.choose(people(9), ["p0", "p8", "p7", "p6", "p2"], 4), ["p0", "p7", "p6", "p8"]);
});

test("who leaves makes room for the last speaker who has none, or for the next", () => {
  const crowd = new Crowd();
  crowd.choose(people(9), ["p0", "p8"], 4);
  assert.deepEqual(crowd.choose(people(9).filter((id) => id !== "p1"), ["p0", "p8"], 4), ["p0", "p2", "p8", "p3"]);
});

test("with less room those who spoke longest ago go, with more the others come", () => {
  const crowd = new Crowd();
  crowd.choose(people(9), ["p0", "p8", "p1"], 4);
  assert.deepEqual(crowd.choose(people(9), ["p0", "p8", "p1"], 3), ["p0", "p1", "p8"]);
  assert.deepEqual(crowd.choose(people(9), ["p0", "p8", "p1"], 2), ["p0", "p8"]);
  assert.deepEqual(crowd.choose(people(9), ["p0", "p8", "p1"], 5), ["p0", "p8", "p1", "p2", "p3"]);
  assert.deepEqual(crowd.choose(people(9), ["p0", "p8", "p1"], 9), people(9));
});

test("whatever happens as many are shown as have room, once each, and only those whose place is taken go", () => {
  let seed = 7;
  const random = (/** @type {number} */ below) => (seed = (seed * 48271) % 2147483647) % below;
  const crowd = new Crowd();
  /** @type {readonly string[]} */
  let before = [];
  let [places, everyone] = [5, people(12)];
  /** @type {string[]} */
  let recent = [];
  for (let round = 0; round < 2000; round++) {
    const was = { places, everyone };
    if (random(10) === 0) places = 1 + random(14);
    if (random(10) === 0) everyone = people(14).filter(() => random(4) > 0);
    const speaker = `p${random(14)}`;
    recent = [speaker, ...recent.filter((id) => id !== speaker)].slice(0, 10);
    const shown = crowd.choose(everyone, recent, places);
    assert.equal(shown.length, Math.min(places, everyone.length));
    assert.equal(new Set(shown).size, shown.length);
    for (const id of shown) assert.ok(everyone.includes(id));
    if (everyone.includes(speaker)) assert.ok(shown.includes(speaker));
    if (places === was.places && everyone === was.everyone && before.length > 0) {
      assert.ok(shown.filter((id, index) => id !== before[index]).length <= 1, `${before} → ${shown}`);
    }
    before = shown;
  }
});
