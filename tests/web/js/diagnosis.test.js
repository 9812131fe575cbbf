import assert from "node:assert/strict";
import { test } from "node:test";

import { diagnose, Unanswered } from "../../../web/static/protocol/diagnosis.js";
import { hopWords, whyChoices, whyTitle } from "../../../web/static/text/why.js";

const answer = {
  room: "blue",
  verdict: { code: "switched_off", whose: "from", says: "Bob’s microphone is switched off.", fix: "He switches it on.", certain: true },
  hops: [{ name: "switch", title: "Bob has it switched on", state: "broken", figures: "off" }],
};
const question = /** @type {const} */ ({ from: "b/1", to: "a", kind: "audio" });

/** @param {unknown} body @param {number} [status] */
const server = (body, status = 200) => {
  /** @type {string[]} */
  const asked = [];
  const ask = async (/** @type {string} */ url) => {
    asked.push(url);
    return { ok: status === 200, status, json: async () => (body instanceof Error ? Promise.reject(body) : body) };
  };
  return { asked, ask };
};

test("the server is asked by room, ids and kind, and its answer is checked", async () => {
  const { asked, ask } = server(answer);
  const { verdict, hops } = await diagnose("a room/é", question, ask);
  assert.deepEqual(asked, ["/api/rooms/a%20room%2F%C3%A9/diagnose?from=b%2F1&to=a&kind=audio"]);
  assert.equal(verdict.code, "switched_off");
  assert.equal(hops[0]?.state, "broken");
});

test("a refusal is told as the server words it, and anything else as well as can be", async () => {
  await assert.rejects(diagnose("blue", question, server({ error: "There is no such room." }, 404).ask), (error) => {
    return error instanceof Unanswered && error.message === "There is no such room.";
  });
  await assert.rejects(diagnose("blue", question, server(new Error("no JSON"), 502).ask), /The server answered 502/);
  await assert.rejects(diagnose("blue", question, server({ ...answer, hops: [{ state: "new" }] }).ask), /must be/);
});

test("the choices fit what both share", () => {
  const bob = { id: "b", name: "Bob", own: false, screens: [1] };
  const you = { id: "a", name: "Ada", own: true, screens: [] };
  assert.equal(whyTitle(bob), "Why can’t I hear or see Bob?");
  assert.match(whyTitle(you), /hear or see me/);
  const values = whyChoices(bob, you).map(({ value }) => value);
  assert.deepEqual(values, ["from:audio", "from:video", "from:screen", "to:audio", "to:video"]);
  assert.ok(whyChoices(bob, { ...you, screens: [2] }).some(({ value }) => value === "to:screen"));
  assert.equal(new Set(Object.values(hopWords).map(({ mark }) => mark)).size, 5);
});
