import assert from "node:assert/strict";
import { test } from "node:test";

import { keepStay, loadStay } from "../../../web/static/state/stay.js";

/** @param {Map<string, string>} kept */
const storage = (kept) => ({
  getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
  setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
  removeItem: (/** @type {string} */ key) => void kept.delete(key),
});

test("a stay is kept for its room, until it is over", () => {
  const kept = storage(new Map());
  keepStay(kept, "blue", { token: "t", name: "Ada" });
  assert.deepEqual(loadStay(kept, "blue"), { token: "t", name: "Ada" });
  assert.equal(loadStay(kept, "green"), null);
  keepStay(kept, "blue", null);
  assert.equal(loadStay(kept, "blue"), null);
});

test("nonsense and storage that is forbidden are the same as nothing", () => {
  for (const value of ["", "{", "null", "[]", '{"token":1,"name":"Ada"}', '{"token":"","name":"Ada"}']) {
    assert.equal(loadStay(storage(new Map([["chatroom.stay.blue", value]])), "blue"), null);
  }
  const forbidden = () => {
    throw new Error("forbidden");
  };
  assert.equal(loadStay({ getItem: forbidden }, "blue"), null);
  keepStay({ setItem: forbidden, removeItem: forbidden }, "blue", null);
});
