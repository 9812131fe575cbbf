import assert from "node:assert/strict";
import { test } from "node:test";

import { Speakers } from "../../../web/static/state/speakers.js";

const person = (/** @type {string} */ id, microphone = true) =>
  /** @type {const} */ ({ id, epoch: 1, name: id, microphone, camera: true, connection: "present", joined_at: 1 });

/** @param {string[]} speaking @param {string[]} [spoke] */
function told(speaking, spoke = []) {
  const speakers = new Speakers();
  speakers.take({ type: "speakers", speaking, spoke });
  return speakers;
}

test("others speak by the server's word, as long as their microphone is on", () => {
  const speakers = told(["c", "b", "x"]);
  const shown = (/** @type {boolean} */ on) => [...speakers.shown([person("a"), person("b"), person("c", on)], "a", false)];
  assert.deepEqual(shown(true), ["c", "b"]);
  assert.deepEqual(shown(false), ["b"], "and who is not here does not speak");
});

test("whether you speak is known here and not asked of the server", () => {
  const everyone = [person("a"), person("b")];
  assert.deepEqual([...told(["a", "b"]).shown(everyone, "a", false)], ["b"]);
  assert.deepEqual([...told([]).shown(everyone, "a", true)], ["a"]);
});

test("whatever was told is void after a return and without a media worker", () => {
  for (const type of ["joined", "resumed", "media_lost"]) {
    const speakers = told(["b"], ["c"]);
    let changes = 0;
    speakers.on("change", () => changes++);
    speakers.take(/** @type {any} */ ({ type }));
    assert.deepEqual([speakers.speaking, speakers.spoke, changes], [[], [], 1]);
    speakers.take({ type: "ok", ref: null });
    assert.equal(changes, 1);
  }
});
