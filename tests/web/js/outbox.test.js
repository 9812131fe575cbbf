import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox, OUTBOX_LIMIT } from "../../../web/static/state/outbox.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));
const gone = () => Object.assign(new Error("gone"), { code: "not_answered" });

/** @param {number} id @param {string} text @param {string} [participant] */
const message = (id, text, participant = "a") => ({ id, participant, name: "Ada", text, at: id });

/** An outbox, and what it sent in the hands of the test. */
function begin() {
  /** @type {{text: string, ok: () => void, fail: (error: Error) => void}[]} */
  const sent = [];
  const outbox = new Outbox((text) => new Promise((resolve, reject) => sent.push({ text, ok: () => resolve(undefined), fail: reject })));
  outbox.begin("a", [message(3, "earlier")]);
  outbox.open();
  return { outbox, sent, unsaid: () => outbox.unsaid.map(({ text }) => text), texts: () => sent.map(({ text }) => text) };
}

test("messages are sent one at a time, in order, and shown until the room says them", async () => {
  const { outbox, sent, texts, unsaid } = begin();
  const first = outbox.say("one");
  void outbox.say("two");
  assert.deepEqual(texts(), ["one"]);
  sent[0]?.ok();
  await first;
  await settled();
  assert.deepEqual(texts(), ["one", "two"]);
  assert.deepEqual(unsaid(), ["one", "two"]);
  outbox.heard(message(4, "one"));
  assert.deepEqual(unsaid(), ["two"]);
  outbox.heard(message(5, "two")); // before its ok
  assert.deepEqual(unsaid(), []);
});

test("what was written while there was no socket is sent after the return", async () => {
  const { outbox, sent, texts } = begin();
  outbox.close();
  void outbox.say("one");
  void outbox.say("two");
  assert.deepEqual(texts(), []);
  outbox.open();
  sent[0]?.ok();
  await settled();
  assert.deepEqual(texts(), ["one", "two"]);
});

test("what was not answered and comes back as one's own words is not said twice", async () => {
  const { outbox, sent, texts, unsaid } = begin();
  void outbox.say("same");
  void outbox.say("same");
  outbox.close();
  sent[0]?.fail(gone());
  await settled();
  outbox.heard(message(4, "same", "b")); // somebody else's
  outbox.heard(message(5, "same"));
  assert.deepEqual(unsaid(), ["same"]);
  outbox.open();
  await settled();
  assert.deepEqual(texts(), ["same", "same"]);
});

test("what was not answered and was not heard is said again, before what came after it", async () => {
  const { outbox, sent, texts } = begin();
  void outbox.say("one");
  void outbox.say("two");
  outbox.close();
  sent[0]?.fail(gone());
  await settled();
  outbox.open();
  sent[1]?.ok();
  await settled();
  assert.deepEqual(texts(), ["one", "one", "two"]);
});

test("an earlier message with the same words is no proof", async () => {
  const { outbox, sent, texts } = begin();
  void outbox.say("earlier");
  outbox.close();
  sent[0]?.fail(gone());
  await settled();
  outbox.begin("a", [message(3, "earlier")]);
  outbox.open();
  assert.deepEqual(texts(), ["earlier", "earlier"]);
});

test("let in as somebody new, what the former self said is known", async () => {
  const { outbox, sent, texts } = begin();
  void outbox.say("one");
  outbox.close();
  sent[0]?.fail(gone());
  await settled();
  outbox.begin("z", [message(3, "earlier"), message(4, "one")]);
  outbox.open();
  assert.deepEqual(texts(), ["one"]);
  assert.deepEqual(outbox.unsaid, []);
});

test("a refusal reaches who wrote it and does not hold up the rest", async () => {
  const { outbox, sent, texts } = begin();
  const refused = outbox.say("bad");
  void outbox.say("good");
  sent[0]?.fail(Object.assign(new Error("Not that."), { code: "invalid_text" }));
  await assert.rejects(refused, /Not that/);
  await settled();
  assert.deepEqual(texts(), ["bad", "good"]);
});

test("too fast is said again a little later", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { outbox, sent, texts } = begin();
  void outbox.say("one");
  sent[0]?.fail(Object.assign(new Error("Slower."), { code: "rate_limited" }));
  await settled();
  t.mock.timers.tick(500);
  await settled();
  assert.deepEqual(texts(), ["one", "one"]);
});

test("what waits is bounded", async () => {
  const { outbox } = begin();
  outbox.close();
  for (let count = 0; count < OUTBOX_LIMIT; count++) void outbox.say("x");
  await assert.rejects(outbox.say("one more"), /Too many/);
});
