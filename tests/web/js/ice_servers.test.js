import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { FakeConnection, settled } from "./fake_rtc.js";

const { Legs } = await import("../../../web/static/rtc/legs.js");
const { PublishLeg } = await import("../../../web/static/rtc/publish_leg.js");

const off = { microphone: null, camera: null };

beforeEach(() => FakeConnection.made.splice(0));

/** Legs, and the offers they publish. */
function makeLegs() {
  /** @type {string[]} */
  const published = [];
  const publish = async (/** @type {{sdp: string}} */ { sdp }) => (published.push(sdp), "answer");
  const legs = new Legs({ publish, answer: async () => {}, restart: async () => {} }, Date.now);
  return { legs, published };
}

const turn = (/** @type {string} */ credential) => [{ urls: ["turn:turn.example.org"], username: "1:a", credential }];

test("servers that become known while a way is looked for are used at once, and their next credentials later", async () => {
  const { legs, published } = makeLegs();
  const started = legs.start(off, new PublishLeg());
  legs.listen();
  legs.iceServers = turn("first");
  await started;
  await settled();
  assert.deepEqual(published, ["offer", "offer 1"], "with other credentials of ICE: it looks again");
  const [publish, subscribe] = FakeConnection.made;
  assert.ok(publish && subscribe);
  for (const { configuration } of FakeConnection.made) {
    assert.deepEqual(configuration, { bundlePolicy: "max-bundle", iceServers: turn("first") });
  }
  publish.become("connected");
  legs.iceServers = turn("second");
  await settled();
  for (const { configuration } of FakeConnection.made) assert.deepEqual(configuration.iceServers, turn("second"));
  assert.equal(published.length, 2, "what works is not touched");
  void legs.restore();
  await settled();
  legs.listen();
  assert.equal(published.length, 3);
  for (const { configuration } of FakeConnection.made.slice(2)) assert.deepEqual(configuration.iceServers, turn("second"));
  assert.equal(FakeConnection.made.length, 4);
  legs.close();
});

test("a connection that was prepared without the servers that are known looks for a way with them", async () => {
  const { legs, published } = makeLegs();
  legs.iceServers = turn("first");
  const prepared = new PublishLeg();
  await prepared.offer;
  await legs.start(off, prepared);
  assert.deepEqual(published, ["offer 1"]);
  assert.deepEqual(FakeConnection.made[0]?.configuration.iceServers, turn("first"));
  legs.close();
});

test("without servers nothing is asked for twice", async () => {
  const { legs, published } = makeLegs();
  const started = legs.start(off, new PublishLeg());
  legs.iceServers = [];
  await started;
  await settled();
  assert.deepEqual(published, ["offer"]);
  legs.close();
});
