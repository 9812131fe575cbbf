import assert from "node:assert/strict";
import { test } from "node:test";

import { HIDE, LayoutSender, SETTLE } from "../../../web/static/state/layout_sender.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** @param {import("node:test").TestContext} t */
function sender(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {object[]} */
  const sent = [];
  return { sent, layout: new LayoutSender(async (sizes) => void sent.push(sizes)) };
}

test("the last layout of a while is told, and only if it is another", (t) => {
  const { sent, layout } = sender(t);
  layout.tell({ a: 100 });
  t.mock.timers.tick(SETTLE - 1);
  layout.tell({ a: 200 });
  t.mock.timers.tick(SETTLE);
  assert.deepEqual(sent, [{ a: 200 }]);
  layout.tell({ a: 300 });
  layout.tell({ a: 200 });
  t.mock.timers.tick(SETTLE);
  assert.equal(sent.length, 1);
});

test("a hidden page needs no pictures, after a while, and has them back at once", (t) => {
  const { sent, layout } = sender(t);
  layout.tell({ a: 100 });
  t.mock.timers.tick(SETTLE);
  layout.hidden = true;
  t.mock.timers.tick(HIDE - 1);
  layout.hidden = false;
  t.mock.timers.tick(HIDE);
  assert.equal(sent.length, 1);
  layout.hidden = true;
  t.mock.timers.tick(HIDE);
  layout.tell({ a: 200 });
  t.mock.timers.tick(HIDE);
  layout.hidden = false;
  t.mock.timers.tick(0);
  assert.deepEqual(sent, [{ a: 100 }, {}, { a: 200 }]);
});

test("what was not heard is told again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let tries = 0;
  const layout = new LayoutSender(async () => {
    if (++tries === 1) throw new Error("closed");
  });
  layout.again();
  t.mock.timers.tick(0);
  assert.equal(tries, 0, "there is none yet");
  layout.tell({ a: 100 });
  t.mock.timers.tick(SETTLE);
  await settled();
  layout.tell({ a: 100 });
  t.mock.timers.tick(SETTLE);
  await settled();
  assert.equal(tries, 2);
  layout.again();
  t.mock.timers.tick(0);
  assert.equal(tries, 3);
  layout.close();
  layout.again();
  t.mock.timers.tick(SETTLE);
  assert.equal(tries, 3);
});
