import assert from "node:assert/strict";
import { test } from "node:test";

import { settled } from "./fake_rtc.js";

const { Legs } = await import("../../../web/static/rtc/legs.js");

/** @param {(round: number) => Promise<string>} answer */
function makeLegs(answer) {
  /** @type {object[]} */
  const published = [];
  const publish = (/** @type {{tracks: object}} */ { tracks }) => answer(published.push(tracks));
  const legs = new Legs({ publish, answer: async () => {}, restart: async () => {} }, Date.now);
  return { legs, published };
}

const off = { microphone: null, camera: null };

test("what is sent is offered again when the server asks, on the same connection", async () => {
  const { legs, published } = makeLegs(async () => "answer");
  legs.republish(); // there is nothing yet
  await legs.start(off);
  const { publish } = legs;
  legs.republish();
  await settled();
  assert.deepEqual(published, [{ 0: "microphone", 1: "camera" }, { 0: "microphone", 1: "camera" }]);
  assert.equal(legs.publish, publish);
  legs.close();
});

test("an offer that waits for its answer comes first", async () => {
  /** @type {((answer: string) => void)[]} */
  const release = [];
  const { legs, published } = makeLegs(() => new Promise((resolve) => release.push(resolve)));
  void legs.start(off);
  await settled();
  legs.republish();
  legs.republish();
  await settled();
  assert.equal(published.length, 1);
  release[0]?.("answer");
  await settled();
  assert.equal(published.length, 2);
  release[1]?.("answer");
  await settled();
  assert.equal(published.length, 2);
  legs.close();
});
