import assert from "node:assert/strict";
import { test } from "node:test";

import { NotAnswered } from "../../../web/static/protocol/socket.js";
import { AT_MOST_EVERY, EVERY, Reporter } from "../../../web/static/state/reporter.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** @param {import("node:test").TestContext} t @param {(report: any) => Promise<unknown>} [send] */
function reporter(t, send = async () => {}) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  /** @type {number[]} */
  const sent = [];
  let made = 0;
  const reports = new Reporter((report) => {
    sent.push(/** @type {any} */ (report));
    return send(report);
  }, Date.now);
  const make = async () => /** @type {any} */ (++made);
  const pass = async (/** @type {number} */ ms) => {
    t.mock.timers.tick(ms);
    await settled();
  };
  return { reports, sent, make, pass };
}

test("a report is sent at once, then every five seconds, and never more often than twice a second", async (t) => {
  const { reports, sent, make, pass } = reporter(t);
  reports.soon();
  await pass(EVERY);
  assert.deepEqual(sent, []);
  reports.begin(make);
  await pass(0);
  assert.deepEqual(sent, [1]);
  await pass(EVERY - 1);
  assert.deepEqual(sent, [1]);
  await pass(1);
  assert.deepEqual(sent, [1, 2]);
  for (let n = 0; n < 10; n++) {
    reports.soon();
    await pass(50);
  }
  assert.deepEqual(sent, [1, 2, 3]);
  await pass(EVERY);
  assert.deepEqual(sent, [1, 2, 3, 4]);
});

test("it is sent when the server asks, and when the page is let in again", async (t) => {
  const { reports, sent, make, pass } = reporter(t);
  reports.begin(make);
  await pass(0);
  for (const type of ["report_wanted", "joined", "resumed"]) {
    await pass(AT_MOST_EVERY);
    reports.take(/** @type {any} */ ({ type }));
    await pass(0);
  }
  reports.take(/** @type {any} */ ({ type: "chat" }));
  await pass(AT_MOST_EVERY);
  assert.deepEqual(sent, [1, 2, 3, 4]);
});

test("none waits behind one that is not answered, and none is sent after the end", async (t) => {
  /** @type {(() => void)[]} */
  const answers = [];
  const { reports, sent, make, pass } = reporter(t, () => new Promise((resolve) => answers.push(() => resolve(undefined))));
  reports.begin(make);
  for (let n = 0; n < 5; n++) await pass(EVERY);
  assert.deepEqual(sent, [1]);
  answers[0]?.();
  await settled();
  await pass(AT_MOST_EVERY);
  assert.deepEqual(sent, [1, 2]);
  reports.close();
  answers[1]?.();
  await pass(2 * EVERY);
  assert.deepEqual(sent, [1, 2]);
});

test("without a socket nothing is sent and nothing breaks", async (t) => {
  const { reports, sent, make, pass } = reporter(t, () => Promise.reject(new NotAnswered("There is no connection.")));
  reports.begin(make);
  await pass(0);
  await pass(EVERY);
  assert.deepEqual(sent, [1, 2]);
});
