import assert from "node:assert/strict";
import { test } from "node:test";

import { loadPreferences, savePreferences } from "../../../web/static/state/preferences.js";

function storage(kept = "") {
  return {
    getItem: () => kept || null,
    setItem(/** @type {string} */ _key, /** @type {string} */ value) {
      kept = value;
    },
  };
}

test("what was chosen is remembered", () => {
  const kept = storage();
  savePreferences(kept, { name: "Ada", cameraOn: false });
  savePreferences(kept, { speaker: "s1" });
  const { name, cameraOn, microphoneOn, speaker } = loadPreferences(kept);
  assert.deepEqual({ name, cameraOn, microphoneOn, speaker }, { name: "Ada", cameraOn: false, microphoneOn: true, speaker: "s1" });
});

test("nonsense is the same as nothing", () => {
  for (const nonsense of ["{", "null", "[]", '{"name": 5, "cameraOn": "no"}']) {
    const { name, cameraOn } = loadPreferences(storage(nonsense));
    assert.deepEqual({ name, cameraOn }, { name: "", cameraOn: true });
  }
});

test("a storage that refuses breaks nothing", () => {
  const refusing = {
    getItem() {
      throw new Error("no");
    },
    setItem() {
      throw new Error("full");
    },
  };
  assert.equal(loadPreferences(refusing).name, "");
  savePreferences(refusing, { name: "Ada" });
});
