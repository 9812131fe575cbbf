import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { decodeEvent, decodeFrame, eventTypes } from "../../../web/static/protocol/decode.js";

const file = new URL("../fixtures/events.json", import.meta.url);
assert.ok(existsSync(file), `${file.pathname} is missing: it holds an example of every event, shared with the server's tests`);

/** @type {Record<string, {type: string}>} */
const examples = { skipped: { type: "skipped", seq: 12 }, ...JSON.parse(readFileSync(file, "utf8")) };

for (const [name, example] of Object.entries(examples)) {
  test(`the example ${name} is decoded`, () => {
    const decoded = decodeEvent(example);
    assert.equal(decoded?.type, example.type);
    assert.deepEqual(decoded, example);
  });
}

test("there is an example of every type", () => {
  const shown = new Set(Object.values(examples).map(({ type }) => type));
  assert.deepEqual([...shown].sort(), [...eventTypes].sort());
});

test("an unknown type is ignored", () => {
  assert.equal(decodeEvent({ type: "from_the_future", anything: 1 }), null);
  assert.equal(decodeEvent({ type: "toString" }), null);
});

test("an unknown field is dropped", () => {
  assert.deepEqual(decodeEvent({ type: "media_restored", media_session: 2, more: true }), { type: "media_restored", media_session: 2 });
});

for (const [frame, complaint] of /** @type {[unknown, RegExp][]} */ ([
  [new ArrayBuffer(1), /text/],
  ["{", /JSON/],
  ["[]", /object/],
  ["null", /object/],
  ["{}", /type/],
  ['{"type":"published","sdp":1}', /sdp must be a string/],
  ['{"type":"offer","offer":1.5,"sdp":"","tracks":{}}', /offer must be an integer/],
  ['{"type":"offer","offer":1,"sdp":"","tracks":{"0":{"participant":"p"}}}', /tracks\.0\.source/],
  ['{"type":"chat","seq":1,"message":{}}', /message\.id/],
  ['{"type":"ping","n":1}', /rtt must be a number/],
  ['{"type":"participant_joined","seq":1,"participant":{"id":"a","epoch":1,"name":"A","microphone":true,"camera":true,"connection":"odd"}}', /connection must be "present" or "reconnecting"/],
])) {
  test(`${JSON.stringify(frame)} is refused`, () => {
    assert.throws(() => decodeFrame(frame), complaint);
  });
}
