import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { FakeConnection, offerOf, settled } from "./fake_rtc.js";

const { SubscribeLeg } = await import("../../../web/static/rtc/subscribe_leg.js");

beforeEach(() => FakeConnection.made.splice(0));

test("offers are answered one at a time, in order", async () => {
  /** @type {number[]} */
  const answered = [];
  /** @type {(() => void)[]} */
  const release = [];
  const leg = new SubscribeLeg((offer) => new Promise((resolve) => {
    answered.push(offer);
    release.push(() => resolve(undefined));
  }));
  leg.receive(offerOf(1, ["a"]));
  leg.receive(offerOf(2, ["a", "b"]));
  await settled();
  assert.deepEqual(answered, [1]);
  release[0]?.();
  await settled();
  assert.deepEqual(answered, [1, 2]);
  leg.close();
});

test("a track is shown once something has arrived on it, and no longer than the offer names it", async () => {
  const leg = new SubscribeLeg(async () => {});
  leg.receive(offerOf(1, ["a", "b"]));
  await settled();
  assert.deepEqual(leg.tracks.get("a"), { microphone: null, camera: null, screens: new Map() });

  /** @type {number[]} */
  const told = [];
  leg.on("tracks", (tracks) => told.push(tracks.size));
  const [connection] = FakeConnection.made;
  connection?.arrive("2");
  assert.equal(leg.tracks.get("b")?.microphone?.kind, "audio");
  assert.equal(leg.tracks.get("b")?.camera, null);
  assert.deepEqual(told, [2]);

  leg.receive(offerOf(2, ["a"]));
  await settled();
  assert.deepEqual([...leg.tracks.keys()], ["a"]);
  leg.close();
});

test("an offer that fails does not keep the next from being answered", async () => {
  /** @type {number[]} */
  const answered = [];
  const leg = new SubscribeLeg(async (offer) => void answered.push(offer));
  leg.on("failed", () => answered.push(-1));
  leg.receive({ ...offerOf(1), sdp: "nonsense" });
  leg.receive(offerOf(2, ["a"]));
  await settled();
  assert.deepEqual(answered, [-1, 2]);
  leg.close();
});
