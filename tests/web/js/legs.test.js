import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { FakeConnection, settled } from "./fake_rtc.js";

const { Legs, RETRY } = await import("../../../web/static/rtc/legs.js");
const { SubscribeLeg } = await import("../../../web/static/rtc/subscribe_leg.js");

const off = { microphone: null, camera: null };

beforeEach(() => FakeConnection.made.splice(0));

/** @param {Partial<import("../../../web/static/rtc/legs.js").Signal>} [signal] */
function makeLegs(signal = {}) {
  const legs = new Legs({ publish: async () => "answer", answer: async () => {}, ...signal });
  /** @type {string[]} */
  const statuses = [];
  legs.on("status", (status) => statuses.push(status));
  return { legs, statuses };
}

/** @param {number} offer @param {string[]} [people] */
function offerOf(offer, people = []) {
  const tracks = Object.fromEntries(people.flatMap((participant, index) => [
    [String(index * 2), { participant, source: "microphone" }],
    [String(index * 2 + 1), { participant, source: "camera" }],
  ]));
  return { type: /** @type {const} */ ("offer"), offer, sdp: JSON.stringify(Object.keys(tracks)), tracks };
}

test("both transceivers are offered before there is a track", async () => {
  /** @type {object[]} */
  const published = [];
  const { legs } = makeLegs({ publish: async (offer) => (published.push(offer.tracks), "answer") });
  await legs.start(off);
  assert.deepEqual(published, [{ 0: "microphone", 1: "camera" }]);
  legs.close();
});

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
  assert.deepEqual(leg.tracks.get("a"), { microphone: null, camera: null });

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

test("the media worker goes and comes back", async () => {
  const { legs, statuses } = makeLegs();
  await legs.start(off);
  legs.receive(offerOf(1, ["a"]));
  await settled();
  const old = [...FakeConnection.made];
  legs.lose();
  assert.ok(old.every(({ connectionState }) => connectionState === "closed"));
  assert.equal(legs.publish, null);
  await legs.restore();
  assert.deepEqual(statuses, ["restoring", "working"]);
  assert.ok(legs.publish && !old.includes(/** @type {any} */ (legs.publish.connection)));
  legs.close();
});

test("without a worker at the start it waits for one", async () => {
  let there = false;
  const { legs, statuses } = makeLegs({
    publish: async () => {
      if (!there) throw Object.assign(new Error("none"), { code: "media_unavailable" });
      return "answer";
    },
  });
  await legs.start(off);
  there = true;
  await legs.restore();
  assert.deepEqual(statuses, ["restoring", "working"]);
  legs.close();
});

test("a worker that did not answer in time is asked again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let asked = 0;
  const { legs, statuses } = makeLegs({
    publish: async () => {
      if (++asked === 1) throw Object.assign(new Error("too late"), { code: "media_unavailable" });
      return "answer";
    },
  });
  await legs.start(off);
  t.mock.timers.tick(RETRY);
  await settled();
  assert.equal(asked, 2);
  assert.deepEqual(statuses, ["restoring", "working"]);
  legs.close();
});

test("a leg that does not connect in time is said, and taken back when it does", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { legs, statuses } = makeLegs();
  await legs.start(off);
  t.mock.timers.tick(9_999);
  assert.deepEqual(statuses, []);
  t.mock.timers.tick(1);
  assert.deepEqual(statuses, ["blocked"]);
  FakeConnection.made[0]?.become("connected");
  assert.deepEqual(statuses, ["blocked", "working"]);
  legs.close();
});

test("a leg that fails is said at once", async () => {
  const { legs, statuses } = makeLegs();
  await legs.start(off);
  FakeConnection.made[0]?.become("connected");
  FakeConnection.made[0]?.become("failed");
  assert.deepEqual(statuses, ["blocked"]);
  legs.close();
});

test("a short interruption is not worth words", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { legs, statuses } = makeLegs();
  await legs.start(off);
  FakeConnection.made[0]?.become("connected");
  FakeConnection.made[0]?.become("disconnected");
  t.mock.timers.tick(5_000);
  FakeConnection.made[0]?.become("connected");
  t.mock.timers.tick(20_000);
  assert.deepEqual(statuses, []);
  legs.close();
});
