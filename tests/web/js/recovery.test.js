import assert from "node:assert/strict";
import { test } from "node:test";

import { Recovery } from "../../../web/static/rtc/recovery.js";

/** @param {number} [now] one that carried something until then */
function working(now = 0) {
  const recovery = new Recovery();
  recovery.see("connecting", true, now);
  recovery.see("connected", true, now);
  return recovery;
}

test("a failure is met with new credentials, then with a new connection, then in growing pauses", () => {
  const recovery = working();
  recovery.see("failed", true, 1000);
  assert.equal(recovery.look(1000, true), "restart");
  assert.equal(recovery.health, "restoring");
  assert.equal(recovery.look(8_999, true), null);
  /** @type {[number, string][]} */
  const done = [];
  for (let now = 9_000; now < 240_000; now += 1000) {
    const remedy = recovery.look(now, true);
    if (!remedy) continue;
    done.push([now / 1000, remedy]);
    recovery.replaced(now);
    recovery.see("connecting", true, now);
  }
  assert.deepEqual(done, [[9, "renew"], [19, "renew"], [39, "renew"], [79, "renew"], [139, "renew"], [199, "renew"]]);
  assert.equal(recovery.health, "blocked");
  recovery.see("connected", true, 240_000);
  assert.equal(recovery.health, "connected");
  assert.equal(recovery.due, Infinity);
});

test("what cannot be done now is still to be done", () => {
  const recovery = working();
  recovery.see("failed", true, 1000);
  assert.equal(recovery.look(1000, false), null);
  assert.equal(recovery.look(50_000, true), "restart");
});

test("new credentials that fail are not waited for", () => {
  const recovery = working();
  recovery.see("failed", true, 1000);
  recovery.look(1000, true);
  recovery.see("connecting", true, 1100);
  recovery.see("failed", true, 3000);
  assert.equal(recovery.look(3000, true), "renew");
});

test("an interruption has two seconds, and none after a change of the network", () => {
  const recovery = working();
  recovery.see("disconnected", true, 1000);
  assert.equal(recovery.look(2_999, true), null);
  assert.equal(recovery.health, "connected");
  assert.equal(recovery.look(3_000, true), "restart");

  const moved = working();
  moved.see("disconnected", true, 1000);
  moved.networkChanged(1500);
  assert.equal(moved.look(1500, true), "restart");
});

test("one that never worked is blocked, and given time before it is tried again", () => {
  const recovery = new Recovery();
  recovery.replaced(0);
  recovery.see("new", true, 100);
  assert.equal(recovery.health, "connecting");
  assert.equal(recovery.look(10_100, true), null);
  assert.equal(recovery.health, "blocked");
  assert.equal(recovery.look(30_099, true), null);
  assert.equal(recovery.look(30_100, true), "renew");
  assert.equal(recovery.health, "blocked");
});

test("one that was never begun lacks nothing: there is nobody to hear", () => {
  const recovery = new Recovery();
  recovery.replaced(0);
  assert.equal(recovery.look(10_000, true), null);
  assert.equal(recovery.health, "new");
  assert.equal(recovery.due, Infinity);
});

test("whoever asks for another try gets one, even where nothing was begun", () => {
  const recovery = new Recovery();
  recovery.replaced(0);
  recovery.again(5000);
  assert.equal(recovery.look(5000, true), "renew");
  recovery.replaced(5000);
  assert.equal(recovery.health, "restoring");
  assert.equal(recovery.look(15_000, true), null);
  assert.equal(recovery.health, "new");
});
