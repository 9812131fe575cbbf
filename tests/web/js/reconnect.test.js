import assert from "node:assert/strict";
import { test } from "node:test";

import { comesBack, GIVE_UP_AFTER, passes, Reconnect, triesAgain } from "../../../web/static/state/reconnect.js";

/** The longest there can be. */
const most = () => 0.999999;

/** @param {Reconnect} reconnect @param {number} now @returns {number} when the next try begins */
function nextTry(reconnect, now) {
  for (let at = now; at < now + GIVE_UP_AFTER; ) {
    const next = reconnect.next(at);
    if (next.what === "try") return at;
    if (next.what !== "wait") throw new Error(next.what);
    at = next.until;
  }
  throw new Error("no try");
}

test("the first try comes at once, the others less and less often", () => {
  const reconnect = new Reconnect(0, most);
  reconnect.heard(20_000);
  reconnect.lost(20_000, null);
  let now = 20_000;
  /** @type {number[]} */
  const pauses = [];
  for (let tries = 0; tries < 8; tries++) {
    const at = nextTry(reconnect, now);
    pauses.push(Math.round(at - now));
    reconnect.began(at);
    reconnect.failed(at);
    now = at;
  }
  assert.deepEqual(pauses, [100, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
});

test("each pause is drawn from nothing up to its length", () => {
  const reconnect = new Reconnect(0, () => 0);
  reconnect.lost(20_000, null);
  for (let tries = 0; tries < 8; tries++) {
    assert.deepEqual(reconnect.next(20_000), { what: "try" });
    reconnect.began(20_000);
    reconnect.failed(20_000);
  }
});

test("a try that hangs is dropped, and there is one at a time", () => {
  const reconnect = new Reconnect(0, () => 0);
  reconnect.lost(1000, null);
  reconnect.began(1000);
  assert.equal(reconnect.next(3_999).what, "wait");
  assert.equal(reconnect.next(4_000).what, "drop", "the first soon");
  reconnect.failed(4_000);
  reconnect.began(4_000);
  assert.equal(reconnect.next(9_999).what, "wait");
  assert.equal(reconnect.next(10_000).what, "drop");
});

test("when the network comes back nothing is waited for", () => {
  const reconnect = new Reconnect(0, most);
  reconnect.lost(1000, null);
  for (let tries = 0; tries < 5; tries++) {
    reconnect.began(1000);
    reconnect.failed(1000);
  }
  assert.equal(reconnect.next(5_000).what, "wait");
  reconnect.hurry(5_000);
  assert.equal(reconnect.next(5_000).what, "try");
  reconnect.began(5_000);
  reconnect.hurry(5_100); // what was begun before went another way
  assert.equal(reconnect.next(6_599).what, "wait");
  assert.equal(reconnect.next(6_600).what, "drop");
});

test("nobody comes before the server wants to be back, and not all at once", () => {
  const early = new Reconnect(0, () => 0);
  const late = new Reconnect(0, most);
  for (const reconnect of [early, late]) reconnect.lost(1000, 3000);
  early.hurry(1500);
  assert.equal(nextTry(early, 1000), 4000);
  assert.equal(Math.round(nextTry(late, 1000)), 6000);
});

test("after five minutes out of the room it gives up, even in the middle of a try", () => {
  const reconnect = new Reconnect(0, () => 0);
  reconnect.heard(10_000);
  reconnect.lost(12_000, null);
  reconnect.began(12_000);
  reconnect.failed(309_000);
  assert.equal(reconnect.next(309_999).what, "try");
  reconnect.began(309_999);
  assert.equal(reconnect.next(310_000).what, "give up");
});

test("a laptop that was opened an hour later is not in a call by itself", () => {
  const reconnect = new Reconnect(0, () => 0);
  reconnect.lost(3_600_000, null);
  assert.equal(reconnect.next(3_600_000).what, "give up");
  assert.equal(reconnect.away(3_600_000), 3_600_000);
});

test("a socket that is lost again at once does not make the next tries faster", () => {
  const reconnect = new Reconnect(0, most);
  reconnect.lost(20_000, null);
  for (const now of [21_000, 22_000, 23_000]) {
    reconnect.began(now);
    reconnect.entered(now);
    reconnect.lost(now, null);
  }
  assert.equal(Math.round(nextTry(reconnect, 23_000)), 25_000);
  reconnect.began(25_000);
  reconnect.entered(25_000);
  reconnect.lost(36_000, null);
  assert.equal(Math.round(nextTry(reconnect, 36_000)), 36_100);
});

test("after many tries in vain, whoever is lost again soon is back before the others are told of a leave", () => {
  const reconnect = new Reconnect(0, most);
  reconnect.lost(20_000, null);
  for (let tries = 0; tries < 8; tries++) {
    reconnect.began(20_000);
    reconnect.failed(20_000);
  }
  reconnect.began(40_000);
  reconnect.entered(40_000);
  reconnect.lost(46_000, null); // as from one network into another
  assert.equal(Math.round(nextTry(reconnect, 46_000)), 46_500);
  reconnect.began(46_500);
  assert.equal(reconnect.next(49_499).what, "wait");
  assert.equal(reconnect.next(49_500).what, "drop", "and the first try is given up as soon as any first one");
});

test("what the server closes is over, but for a server or a silence that passes", () => {
  const codes = [1000, 1001, 1002, 1005, 1006, 1008, 1011, 3000, 3001, 3999, 4000, 4001, 4002, 4003, 4004, 4005, 4006];
  assert.deepEqual(codes.filter(comesBack), [1001, 1006, 3000, 3001, 3999, 4002]);
  assert.deepEqual(codes.filter(triesAgain), [1001, 1006, 3000, 3001, 3999, 4000, 4002, 4005]);
});

test("a server that is busy or going is asked again, a full room is not", () => {
  assert.deepEqual(["server_stopping", "rate_limited", "room_full", "too_many_rooms", "invalid_room"].filter(passes), ["server_stopping", "rate_limited"]);
});
