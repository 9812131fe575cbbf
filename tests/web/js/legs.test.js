import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { FakeConnection, offerOf, settled } from "./fake_rtc.js";

const { AT_ONCE, Legs, RETRY } = await import("../../../web/static/rtc/legs.js");
const { KEPT } = await import("../../../web/static/rtc/predecessors.js");

const off = { microphone: null, camera: null };

beforeEach(() => FakeConnection.made.splice(0));

/** @param {Partial<import("../../../web/static/rtc/legs.js").Signal>} [signal] */
function makeLegs(signal = {}) {
  const legs = new Legs({ publish: async () => "answer", answer: async () => {}, restart: async () => {}, ...signal }, Date.now);
  /** @type {string[]} */
  const statuses = [];
  legs.on("status", (status) => statuses.push(status));
  return { legs, statuses };
}

test("both transceivers are offered before there is a track", async () => {
  /** @type {object[]} */
  const published = [];
  const { legs } = makeLegs({ publish: async (offer) => (published.push(offer.tracks), "answer") });
  await legs.start(off);
  assert.deepEqual(published, [{ 0: "microphone", 1: "camera" }]);
  legs.close();
});

test("the media worker goes and comes back", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { legs, statuses } = makeLegs();
  await legs.start(off);
  legs.receive(offerOf(1, ["a"]));
  await settled();
  const old = [...FakeConnection.made];
  old[1]?.arrive("1");
  /** @type {number[]} */
  const told = [];
  legs.on("tracks", (tracks) => told.push(tracks.size));
  legs.lose();
  assert.equal(legs.publish, null);
  t.mock.timers.tick(AT_ONCE);
  assert.ok(old.every(({ connectionState }) => connectionState === "closed"));
  assert.deepEqual(told, [0], "and so are their pictures");
  await legs.restore();
  assert.deepEqual(statuses, ["restoring", "working"]);
  assert.ok(legs.publish && !old.includes(/** @type {any} */ (legs.publish.connection)));
  legs.close();
});

test("where another worker is there at once, nothing is made of it: what is old ends when what is new has begun", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {boolean[]} */
  const closed = [];
  const { legs, statuses } = makeLegs({
    publish: async () => (closed.push(FakeConnection.made[0]?.connectionState === "closed"), "answer"),
  });
  await legs.start(off);
  legs.receive(offerOf(1, ["a", "b"]));
  await settled();
  const [publish, subscribe] = FakeConnection.made;
  for (const mid of ["1", "3"]) subscribe?.arrive(mid);
  const [a, b] = ["a", "b"].map((id) => legs.subscribe?.tracks.get(id)?.camera);
  assert.ok(a && b);
  /** @type {import("../../../web/static/rtc/subscribe_leg.js").RemoteTracks} */
  let shown = new Map();
  legs.on("tracks", (tracks) => (shown = tracks));
  legs.lose();
  await legs.restore();
  await settled();
  assert.deepEqual(closed, [false, false], "first the offer is made");
  assert.deepEqual([publish, subscribe].map((each) => each?.connectionState), ["closed", "new"], "whose last pictures can be seen");

  legs.receive(offerOf(2, ["a"]));
  await settled();
  assert.deepEqual(["a", "b"].map((id) => shown.get(id)?.camera), [a, b], "the last pictures stay");
  subscribe?.arrive("0");
  assert.equal(shown.get("a")?.microphone, null, "what is gone says no more");
  FakeConnection.made[3]?.arrive("1");
  const fresh = legs.subscribe?.tracks.get("a")?.camera;
  assert.ok(fresh && fresh !== a);
  assert.deepEqual(["a", "b"].map((id) => shown.get(id)?.camera), [fresh, b]);
  t.mock.timers.tick(KEPT);
  assert.deepEqual([shown.get("a")?.camera, shown.has("b")], [fresh, false], "where none came, none is shown");
  assert.equal(subscribe?.connectionState, "closed");
  assert.deepEqual(statuses, []);
  legs.close();
});

test("the last pictures stay through a second loss, too", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { legs } = makeLegs();
  await legs.start(off);
  legs.receive(offerOf(1, ["a"]));
  await settled();
  FakeConnection.made[1]?.arrive("1");
  const last = legs.subscribe?.tracks.get("a")?.camera;
  assert.ok(last);
  /** @type {import("../../../web/static/rtc/subscribe_leg.js").RemoteTracks} */
  let shown = legs.subscribe?.tracks ?? new Map();
  legs.on("tracks", (tracks) => (shown = tracks));
  legs.lose();
  await legs.restore();
  t.mock.timers.tick(KEPT - 100);
  legs.lose();
  t.mock.timers.tick(200);
  assert.equal(shown.get("a")?.camera, last, "another worker may be the next word");
  await legs.restore();
  t.mock.timers.tick(KEPT - 1);
  assert.equal(shown.get("a")?.camera, last);
  t.mock.timers.tick(1);
  assert.equal(shown.has("a"), false);
  legs.close();
});

test("once all pictures have come, nothing is left of the connection before", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { legs } = makeLegs();
  await legs.start(off);
  legs.receive(offerOf(1, ["a", "b"]));
  await settled();
  const [, old] = FakeConnection.made;
  for (const mid of ["1", "3"]) old?.arrive(mid);
  legs.lose();
  await legs.restore();
  legs.receive(offerOf(2, ["b", "a"]));
  await settled();
  const fresh = FakeConnection.made[3];
  fresh?.arrive("1");
  assert.equal(old?.connectionState, "new");
  fresh?.arrive("3");
  assert.equal(old?.connectionState, "closed");
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

/** @param {import("node:test").TestContext} t */
const clock = (t) => t.mock.timers.enable({ apis: ["setTimeout", "Date"] });

test("a leg that does not connect in time is said, and taken back when it does", async (t) => {
  clock(t);
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

test("a leg that fails gets new credentials at once, and then a new connection", async (t) => {
  clock(t);
  /** @type {string[]} */
  const published = [];
  const { legs, statuses } = makeLegs({ publish: async ({ sdp }) => (published.push(sdp), "answer") });
  await legs.start(off);
  FakeConnection.made[0]?.become("connected");
  FakeConnection.made[0]?.become("failed");
  await settled();
  assert.deepEqual(published, ["offer", "offer 1"]);
  assert.deepEqual(statuses, ["restoring"]);
  t.mock.timers.tick(8_000);
  await settled();
  assert.deepEqual(published, ["offer", "offer 1", "offer"]);
  assert.equal(FakeConnection.made.length, 2);
  assert.equal(FakeConnection.made[0]?.connectionState, "closed");
  FakeConnection.made[1]?.become("connected");
  assert.deepEqual(statuses, ["restoring", "working"]);
  legs.close();
});

test("what does not help is tried less and less often, and said", async (t) => {
  clock(t);
  let published = 0;
  const { legs, statuses } = makeLegs({ publish: async () => (published++, "answer") });
  await legs.start(off);
  FakeConnection.made[0]?.become("connected");
  FakeConnection.made[0]?.become("failed");
  for (let second = 0; second < 300; second++) {
    t.mock.timers.tick(1_000);
    await settled();
  }
  assert.deepEqual(statuses, ["restoring", "blocked"]);
  assert.ok(published > 5 && published < 11, String(published));
  legs.again();
  assert.deepEqual(statuses, ["restoring", "blocked", "restoring"]);
  legs.close();
});

test("a short interruption is not worth words", async (t) => {
  clock(t);
  const { legs, statuses } = makeLegs();
  await legs.start(off);
  FakeConnection.made[0]?.become("connected");
  FakeConnection.made[0]?.become("disconnected");
  t.mock.timers.tick(1_900);
  FakeConnection.made[0]?.become("connected");
  t.mock.timers.tick(20_000);
  assert.deepEqual(statuses, []);
  legs.close();
});

test("after a change of the network an interruption is not waited out", async (t) => {
  clock(t);
  const { legs, statuses } = makeLegs();
  await legs.start(off);
  FakeConnection.made[0]?.become("connected");
  legs.networkChanged();
  assert.equal(FakeConnection.made[0]?.restarts, 0);
  FakeConnection.made[0]?.become("disconnected");
  assert.equal(FakeConnection.made[0]?.restarts, 1);
  assert.deepEqual(statuses, ["restoring"]);
  legs.close();
});

test("the server is asked to restart its own connection, and then for a new one", async (t) => {
  clock(t);
  /** @type {boolean[]} */
  const asked = [];
  const { legs } = makeLegs({ restart: async (fresh) => void asked.push(fresh) });
  legs.receive(offerOf(1, ["a"]));
  await settled();
  const [old] = FakeConnection.made;
  old?.become("connected");
  old?.become("failed");
  assert.deepEqual(asked, [false]);
  legs.receive(offerOf(2, ["a"]));
  await settled();
  assert.equal(FakeConnection.made.length, 1);
  t.mock.timers.tick(8_000);
  assert.deepEqual(asked, [false, true]);
  legs.receive(offerOf(3, ["a"])); // on its way before the server heard of it: for the old connection
  await settled();
  assert.equal(old?.connectionState, "closed");
  legs.receive(offerOf(4, ["a"]));
  await settled();
  assert.equal(FakeConnection.made.length, 2);
  assert.deepEqual([...(legs.subscribe?.tracks.keys() ?? [])], ["a"]);
  legs.close();
});

test("while words do not reach the server nothing is restarted, and what flows is not touched", async (t) => {
  clock(t);
  /** @type {string[]} */
  const published = [];
  const { legs, statuses } = makeLegs({ publish: async ({ sdp }) => (published.push(sdp), "answer") });
  await legs.start(off);
  FakeConnection.made[0]?.become("connected");
  legs.pause();
  FakeConnection.made[0]?.become("failed");
  t.mock.timers.tick(20_000);
  assert.deepEqual(published, ["offer"]);
  legs.resume({ media: true, anew: false });
  await settled();
  assert.deepEqual(published, ["offer", "offer 1"]);
  assert.deepEqual(statuses, ["restoring"]);
  assert.equal(FakeConnection.made.length, 1);
  legs.close();
});

test("an offer that was not answered is made once more, the same", async () => {
  const lost = Object.assign(new Error("gone"), { code: "not_answered" });
  /** @type {string[]} */
  const published = [];
  /** @type {((error: Error) => void)[]} */
  const fail = [];
  const { legs, statuses } = makeLegs({
    publish: ({ sdp }) => {
      published.push(sdp);
      return published.length === 1 ? new Promise((_, reject) => fail.push(reject)) : Promise.resolve("answer");
    },
  });
  const started = legs.start(off);
  await settled();
  legs.pause();
  fail[0]?.(lost);
  await started;
  assert.deepEqual(statuses, []);
  legs.resume({ media: true, anew: false });
  await settled();
  assert.deepEqual(published, ["offer", "offer"]);
  assert.equal(FakeConnection.made.length, 1);
  assert.equal(FakeConnection.made[0]?.signalingState, "stable");
  legs.close();
});

test("an answer that was lost with the socket is given again when the server offers again", async () => {
  let lost = true;
  /** @type {number[]} */
  const answered = [];
  const { legs, statuses } = makeLegs({
    answer: async (offer) => {
      if (lost) throw Object.assign(new Error("gone"), { code: "not_answered" });
      answered.push(offer);
    },
  });
  legs.receive(offerOf(3, ["a"]));
  await settled();
  lost = false;
  legs.receive(offerOf(3, ["a"]));
  await settled();
  assert.deepEqual(answered, [3]);
  assert.deepEqual(statuses, []);
  legs.close();
});

test("a request for a new connection that was lost is made again, and what was offered meanwhile is not taken for it", async (t) => {
  clock(t);
  let lost = true;
  let asked = 0;
  const { legs } = makeLegs({
    restart: async () => {
      asked += 1;
      if (lost) throw Object.assign(new Error("gone"), { code: "not_answered" });
    },
  });
  legs.listen();
  const [old] = FakeConnection.made;
  legs.pause();
  legs.relisten();
  await settled();
  legs.receive(offerOf(1, ["a"]));
  lost = false;
  legs.resume({ media: true, anew: false });
  await settled();
  assert.equal(asked, 2);
  assert.equal(old?.connectionState, "closed");
  assert.equal(legs.subscribe?.tracks.size, 0);
  legs.receive(offerOf(2, ["a"]));
  await settled();
  assert.equal(legs.subscribe?.tracks.size, 1);
  legs.close();
});

test("another worker, or none, is at the other end after a return", async () => {
  const { legs, statuses } = makeLegs();
  await legs.start(off);
  legs.listen();
  const old = [...FakeConnection.made];
  legs.pause();
  legs.resume({ media: true, anew: true });
  await settled();
  assert.ok(old.every(({ connectionState }) => connectionState === "closed"));
  assert.equal(FakeConnection.made.length, 4);
  legs.pause();
  legs.resume({ media: false, anew: false });
  assert.deepEqual(statuses, ["restoring"]);
  assert.equal(legs.publish, null);
  legs.pause();
  legs.resume({ media: true, anew: false });
  await settled();
  assert.deepEqual(statuses, ["restoring", "working"]);
  legs.close();
});
