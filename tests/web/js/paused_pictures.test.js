import assert from "node:assert/strict";
import { test } from "node:test";

import { PausedPictures } from "../../../web/static/state/paused_pictures.js";

/** @typedef {import("../../../web/static/state/paused_pictures.js").PauseEvent} PauseEvent */

/** @param {string} participant @param {"bandwidth" | "layout"} reason @returns {PauseEvent} */
const paused = (participant, reason = "bandwidth") => ({ type: "video_paused", participant, source: "camera", reason });

/** @param {string} participant @returns {PauseEvent} */
const resumed = (participant) => ({ type: "video_resumed", participant, source: "camera" });

test("only changes are told, and only what the network does not take", () => {
  /** @type {string[][]} */
  const told = [];
  const pictures = new PausedPictures((people) => told.push([...people]));
  pictures.hear(paused("ann", "layout"));
  pictures.hear(resumed("ann"));
  assert.deepEqual(told, []);
  pictures.hear(paused("ann"));
  pictures.hear(paused("ann"));
  pictures.hear(paused("bob"));
  pictures.hear(resumed("ann"));
  pictures.hear(paused("bob", "layout"));
  assert.deepEqual(told, [["ann"], ["ann", "bob"], ["bob"], []]);
});

test("what is forgotten is told once", () => {
  /** @type {string[][]} */
  const told = [];
  const pictures = new PausedPictures((people) => told.push([...people]));
  pictures.forget();
  pictures.hear(paused("ann"));
  pictures.forget();
  pictures.forget();
  assert.deepEqual(told, [["ann"], []]);
});
