import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { duration, octets, percent, perSecond, shortName, where } from "../../../web/operator/static/observer/format.js";
import { label, restarts, workerOf } from "../../../web/operator/static/observer/label.js";
import { Rates } from "../../../web/operator/static/observer/rates.js";
import { Summary } from "../../../web/operator/static/observer/summary.js";

const root = fileURLToPath(new URL("../../../web/operator/static/", import.meta.url));

test("figures have as many digits as help", () => {
  assert.deepEqual([0, 9.94, 90, 600, 9_000, 1e6].map(duration), ["0.0 s", "9.9 s", "90 s", "10 min", "2.5 h", "11.6 d"]);
  assert.deepEqual([0, 999, 1_500, 72_100_000].map(octets), ["0 B", "999 B", "1.5 kB", "72.1 MB"]);
  assert.deepEqual([0, 0.00001, 0.005, 0.5].map(percent), ["0.00 %", "< 0.01 %", "0.50 %", "50.0 %"]);
  assert.deepEqual([0.25, 40.2].map(perSecond), ["0.3 /s", "40 /s"]);
});

test("a name says what the name above it does not", () => {
  assert.equal(shortName("serve/rooms/room:blue#1", "serve/rooms"), "room:blue#1");
  assert.equal(shortName("serve/rooms/x", "elsewhere"), "x");
  assert.equal(shortName("trio.serve_listeners"), "trio.serve_listeners");
  assert.equal(shortName("a/participant:2ee513e492cc1508", "a"), "participant:2ee513…");
  assert.equal(where(null), "");
  assert.equal(where({ file: "a.py", line: 3, function: "f" }), "a.py:3 f");
});

/** @param {Record<string, any>} facts @returns {any} */
const task = (facts) => ({ facts });

test("a task says whose it is", () => {
  assert.equal(label(task({ stay: { name: "Ada", lease: "present" } })), "Ada");
  assert.equal(label(task({ stay: { name: "Ada", lease: "reconnecting" } })), "Ada, reconnecting");
  assert.equal(label(task({ socket: { session: {} } })), "socket, not in a room");
  assert.equal(label(task({ room: { log: { present: 3 } } })), "3 here");
  assert.equal(label(task({ worker: { pid: 7, port: 1, stalls: { number: 0 } } })), "pid 7, port 1");
  assert.equal(label(task({ worker: { pid: 7, port: 1, stalls: { number: 2 } } })), "pid 7, port 1, held up 2 times");
  assert.equal(label(task({})), "");
  assert.equal(restarts(task({ child: { restarts: 2 }, "supervisor a/b": { restarts: 3 }, room: { restarts: 9 } })), 5);
});

test("workers that were held up are a reason to worry", () => {
  const node = { state: "running", rooms: { rooms: 0, participants: 0, admissions: 0 }, sockets: 0, media: true, workers: [{ name: "worker:0", state: "up", stalls: 2 }, { name: "worker:1", state: "spare", stalls: 1 }] };
  const seen = { at: 1, up: 1, cpu: 0, memory: 0, node, tasks: { living: 0, runnable: 0 }, watchdog: { limit: 0.1, steps: 0, slow: 0, longest: null }, meter: { active: false, elapsed: 0, remaining: 0 }, tree: { total: 0, left_off: 0, tasks: [] }, top: [], timeline: [] };
  assert.deepEqual(new Summary().figures(seen).find(([name]) => name === "stalls"), ["stalls", "3", true]);
});

test("the link to a media worker leads to its rooms", () => {
  assert.equal(workerOf({ ...task({ worker: { pid: 7 } }), name: "serve/media/workers/worker:0/worker:0/link" }), "worker:0");
  assert.equal(workerOf({ ...task({}), name: "serve/media/workers/worker:0/worker:0/link" }), "");
});

test("rates are of what is looked at now, by the server's clock", () => {
  const rates = new Rates();
  const seen = (/** @type {number} */ id, /** @type {number} */ steps, /** @type {number} */ passed) => ({ id, steps, figures: { passed } });
  rates.take(10, [seen(1, 100, 5)]);
  assert.equal(rates.of(1), undefined);
  rates.take(12, [seen(1, 110, 5), seen(2, 7, 7)]);
  assert.deepEqual(rates.of(1), { steps: 5, passed: 0 });
  assert.equal(rates.of(2), undefined);
  rates.take(13, [seen(2, 8, 9)]);
  assert.equal(rates.of(1), undefined);
  assert.deepEqual(rates.of(2), { steps: 1, passed: 2 });
});

test("the operator's pages keep to the rules of the others", () => {
  for (const file of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (!/\.(js|html)$/.test(file)) continue;
    const source = readFileSync(root + file, "utf8");
    assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/, file);
    assert.ok(source.split("\n").length <= 350, file);
    if (file.endsWith(".html")) assert.doesNotMatch(source, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/, file);
  }
});
