import assert from "node:assert/strict";
import { test } from "node:test";

import { PausedPictures } from "../../../web/static/state/paused_pictures.js";

/** @typedef {import("../../../web/static/protocol/types.js").ServerEvent} ServerEvent */

/** @param {string} participant @param {"bandwidth" | "layout" | "codec"} reason @returns {ServerEvent} */
const paused = (participant, reason = "bandwidth") => ({ type: "video_paused", participant, source: "camera", reason });

/** @param {string} participant @returns {ServerEvent} */
const resumed = (participant) => ({ type: "video_resumed", participant, source: "camera" });

test("only changes are told, and only what the network does not take", () => {
  /** @type {string[][]} */
  const told = [];
  const pictures = new PausedPictures((people) => told.push([...people.keys()]));
  pictures.take(paused("ann", "layout"));
  pictures.take(resumed("ann"));
  assert.deepEqual(told, []);
  pictures.take(paused("ann"));
  pictures.take(paused("ann"));
  pictures.take(paused("bob"));
  pictures.take(resumed("ann"));
  pictures.take(paused("bob", "layout"));
  assert.deepEqual(told, [["ann"], ["ann", "bob"], ["bob"], []]);
});

test("what is forgotten is told once", () => {
  /** @type {string[][]} */
  const told = [];
  const pictures = new PausedPictures((people) => told.push([...people.keys()]));
  pictures.take({ type: "media_lost", message: "" });
  pictures.take(paused("ann"));
  pictures.take({ type: "media_lost", message: "" });
  pictures.take({ type: "media_lost", message: "" });
  assert.deepEqual(told, [["ann"], []]);
});

test("why a picture is not shown is told, and when that changes", () => {
  /** @type {[string, string][][]} */
  const told = [];
  const pictures = new PausedPictures((people) => told.push([...people]));
  pictures.take(paused("ann", "codec"));
  pictures.take(paused("ann", "bandwidth"));
  pictures.take(resumed("ann"));
  assert.deepEqual(told, [[["ann", "codec"]], [["ann", "bandwidth"]], []]);
});
