import assert from "node:assert/strict";
import { test } from "node:test";

import { Silence } from "../../../web/static/state/silence.js";

test("after a silence the server is asked, and without an answer it is lost", () => {
  const silence = new Silence(0, 5000);
  assert.deepEqual(silence.look(0), { what: "wait", until: 5000 });
  silence.heard(2000);
  assert.deepEqual(silence.look(5000), { what: "wait", until: 7000 });
  assert.deepEqual(silence.look(7000), { what: "ask", until: 9_000 });
  assert.deepEqual(silence.look(7001), { what: "wait", until: 9_000 });
  assert.deepEqual(silence.look(9_000), { what: "lost" });
});

test("whatever is heard is an answer", () => {
  const silence = new Silence(0, 5000);
  silence.look(5000);
  silence.heard(6999);
  assert.deepEqual(silence.look(7000), { what: "wait", until: 11_999 });
});

test("where there is doubt it asks at once, and waits for less", () => {
  const silence = new Silence(0, 5000);
  silence.doubt();
  assert.deepEqual(silence.look(100), { what: "ask", until: 1600 });
  silence.doubt();
  assert.deepEqual(silence.look(500), { what: "ask", until: 1600 }, "doubting again grants no more time");
  assert.deepEqual(silence.look(1600), { what: "lost" });
});

test("a page that slept over the answer asks once more", () => {
  const silence = new Silence(0, 5000);
  silence.look(5000);
  assert.deepEqual(silence.look(60_000), { what: "ask", until: 62_000 });
  assert.deepEqual(silence.look(120_000), { what: "lost" });
});

test("a clock that is set back raises no question", () => {
  const silence = new Silence(1_000_000, 5000);
  assert.deepEqual(silence.look(500), { what: "wait", until: 5500 });
});
