import assert from "node:assert/strict";
import { test } from "node:test";

import { Hints, LEAST_SHOWN, READ_OUT_AGAIN, READ_OUT_EVERY, WAVED_AWAY } from "../../../web/static/state/hints.js";

test("one at a time, the most important, each long enough to be read", () => {
  const hints = new Hints();
  assert.equal(hints.choose(0, ["slow"]).key, "slow");
  const held = hints.choose(1_000, ["silent", "slow"]);
  assert.deepEqual([held.key, held.next], ["slow", LEAST_SHOWN]);
  assert.equal(hints.choose(LEAST_SHOWN, ["silent", "slow"]).key, "silent");
  assert.equal(hints.choose(LEAST_SHOWN + 1, ["slow"]).key, "silent");
  assert.equal(hints.choose(2 * LEAST_SHOWN, ["slow"]).key, "slow");
  assert.equal(hints.choose(3 * LEAST_SHOWN, []).key, null);
});

test("what the person did something about goes at once", () => {
  const hints = new Hints();
  hints.choose(0, ["muted"]);
  hints.acted();
  assert.equal(hints.choose(10, []).key, null);
});

test("what was waved away is not said again for a while, and the next is said instead", () => {
  const hints = new Hints();
  hints.choose(0, ["slow", "dark"]);
  hints.wave(100);
  assert.equal(hints.choose(100, ["slow", "dark"]).key, "dark");
  hints.wave(200);
  const choice = hints.choose(200, ["slow", "dark"]);
  assert.deepEqual([choice.key, choice.next], [null, 100 + WAVED_AWAY]);
  assert.equal(hints.choose(100 + WAVED_AWAY, ["slow", "dark"]).key, "slow");
});

test("each is read out once, with a pause between two, and not again within a minute", () => {
  const hints = new Hints();
  /** @type {[number, string | null][]} */
  const read = [];
  /** @param {number} from @param {number} to @param {string[]} keys */
  const pass = (from, to, keys) => {
    for (let now = from; now < to; now += 100) {
      const { key, readOut } = hints.choose(now, keys);
      if (readOut) read.push([now, key]);
    }
  };
  pass(0, 4_000, ["slow"]);
  pass(4_000, 20_000, ["silent"]);
  assert.deepEqual(read, [[0, "slow"], [READ_OUT_EVERY, "silent"]]);
  for (let n = 0; n < 14; n++) pass(20_000 + 4_000 * n, 24_000 + 4_000 * n, n % 2 ? ["slow"] : []);
  assert.deepEqual(read.length, 3); // "slow" again after a minute, and no more
  assert.ok((read[2]?.[0] ?? 0) >= READ_OUT_AGAIN);
});

test("whatever comes and goes, sentences change no faster than they can be read", () => {
  const hints = new Hints();
  let seed = 1;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  /** @type {string | null} */
  let shown = null;
  let since = 0;
  for (let now = 0; now < 600_000; now += 100) {
    const keys = ["a", "b", "c", "d"].filter(() => random() < 0.4);
    const { key } = hints.choose(now, keys);
    if (key === shown) continue;
    if (shown !== null) assert.ok(now - since >= LEAST_SHOWN, `${shown} was shown for ${now - since} ms`);
    [shown, since] = [key, now];
  }
});
