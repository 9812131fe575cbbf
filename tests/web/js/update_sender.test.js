import assert from "node:assert/strict";
import { test } from "node:test";

import { UpdateSender } from "../../../web/static/state/update_sender.js";

const off = { microphone: false, camera: false };
const on = { microphone: true, camera: true };
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("only the latest of many switches is sent, one command at a time", async () => {
  /** @type {{switches: object, done: () => void}[]} */
  const sent = [];
  const sender = new UpdateSender((switches) => new Promise((resolve) => sent.push({ switches, done: () => resolve(undefined) })));
  sender.told(off);
  sender.tell(on);
  sender.tell(off);
  sender.tell({ ...on, camera: false });
  assert.equal(sent.length, 1);
  sent[0]?.done();
  await settled();
  assert.deepEqual(sent.map(({ switches }) => switches), [on, { microphone: true, camera: false }]);
  sent[1]?.done();
});

test("nothing is sent when nothing changed", () => {
  let sent = 0;
  const sender = new UpdateSender(async () => void sent++);
  sender.told(on);
  sender.tell({ ...on });
  assert.equal(sent, 0);
});

test("a failure is tried again with the next change", async (t) => {
  t.mock.method(console, "error", () => {});
  let tries = 0;
  const sender = new UpdateSender(async () => {
    if (++tries === 1) throw new Error("busy");
  });
  sender.told(off);
  sender.tell(on);
  await settled();
  sender.tell(on);
  await settled();
  assert.equal(tries, 2);
});

test("what may or may not have been heard is told again, even if it is as it was before", async (t) => {
  t.mock.method(console, "error", () => {});
  /** @type {object[]} */
  const sent = [];
  const sender = new UpdateSender(async (switches) => {
    if (sent.push(switches) === 1) throw new Error("gone");
  });
  sender.told(off);
  sender.tell(on);
  await settled();
  sender.tell(off);
  await settled();
  assert.deepEqual(sent, [on, off]);
});
