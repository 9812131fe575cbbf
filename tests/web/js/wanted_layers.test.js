import assert from "node:assert/strict";
import { test } from "node:test";

import { LINGER, WantedLayers } from "../../../web/static/rtc/wanted_layers.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** @param {import("node:test").TestContext} t */
function watched(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {string[]} */
  const applied = [];
  const layers = new WantedLayers(async (active) => void applied.push([...active].join("")));
  layers.begin();
  return { layers, applied };
}

test("a layer that nobody gets is stopped after a while, and one that is asked for is sent at once", async (t) => {
  const { layers, applied } = watched(t);
  layers.want(["q"]);
  t.mock.timers.tick(LINGER - 1);
  assert.deepEqual(applied, []);
  t.mock.timers.tick(1);
  await settled();
  assert.deepEqual(applied, ["q"]);
  layers.want(["f"]);
  await settled();
  assert.deepEqual(applied, ["q", "qf"], "the old one goes on for a while");
  t.mock.timers.tick(LINGER);
  await settled();
  assert.deepEqual(applied, ["q", "qf", "f"]);
  layers.want([]);
  t.mock.timers.tick(LINGER);
  await settled();
  assert.equal(applied.at(-1), "");
});

test("what is asked for again meanwhile is not stopped", async (t) => {
  const { layers, applied } = watched(t);
  layers.want(["q", "f"]);
  t.mock.timers.tick(LINGER);
  layers.want(["q"]);
  t.mock.timers.tick(LINGER / 2);
  layers.want(["q", "f"]);
  t.mock.timers.tick(2 * LINGER);
  await settled();
  assert.deepEqual(applied, ["qf"]);
});

test("while nothing was said all are sent, and before there is an answer nothing is changed", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let applied = 0;
  const layers = new WantedLayers(async () => void applied++);
  layers.want(["q"]);
  t.mock.timers.tick(2 * LINGER);
  await settled();
  assert.equal(applied, 0);
  layers.begin();
  t.mock.timers.tick(LINGER);
  await settled();
  assert.equal(applied, 1);
  const other = new WantedLayers(async () => void applied++);
  other.begin();
  t.mock.timers.tick(2 * LINGER);
  await settled();
  assert.equal(applied, 1);
});

test("what is said once more is applied once more, and nothing before anything was", async (t) => {
  const { layers, applied } = watched(t);
  layers.repeat();
  await settled();
  assert.deepEqual(applied, []);
  layers.want(["q"]);
  t.mock.timers.tick(LINGER);
  layers.repeat();
  await settled();
  assert.deepEqual(applied, ["q", "q"]);
  layers.close();
  layers.repeat();
  await settled();
  assert.deepEqual(applied, ["q", "q"]);
});

test("one change at a time, and a refusal is no end", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(console, "warn", () => {});
  /** @type {{active: string, done: () => void, refuse: () => void}[]} */
  const calls = [];
  const layers = new WantedLayers(
    (active) =>
      new Promise((resolve, reject) => {
        calls.push({ active: [...active].join(""), done: () => resolve(), refuse: () => reject(new Error("busy")) });
      }),
  );
  layers.begin();
  layers.want(["q"]);
  t.mock.timers.tick(LINGER);
  layers.want(["q", "h"]);
  layers.want(["q", "h", "f"]);
  assert.deepEqual(calls.map(({ active }) => active), ["q"]);
  calls[0]?.refuse();
  await settled();
  assert.deepEqual(calls.map(({ active }) => active), ["q", "qhf"]);
  layers.close();
});
