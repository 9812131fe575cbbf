import assert from "node:assert/strict";
import { test } from "node:test";

import { applyEvent, fromSnapshot, GapError, MESSAGES_KEPT, peopleOf, skipTo } from "../../../web/static/state/room.js";

const ada = { id: "a", epoch: 1, name: "Ada", microphone: true, camera: true, connection: /** @type {const} */ ("present"), joined_at: 1, screens: [] };
const bob = { id: "b", epoch: 2, name: "Bob", microphone: true, camera: false, connection: /** @type {const} */ ("present"), joined_at: 2, screens: [] };
const snapshot = () =>
  fromSnapshot({
    type: "joined", ref: "c1", seq: 5, protocol: 1, room: "r", you: "a", participants: [ada], messages: [], media: true, media_port: 1,
    media_session: 1, token: "t", heartbeat: 2.5, screens: 2,
  });

test("someone joins, changes and leaves", () => {
  let state = applyEvent(snapshot(), { type: "participant_joined", seq: 6, participant: bob });
  assert.deepEqual(state.participants, [ada, bob]);
  state = applyEvent(state, { type: "participant_updated", seq: 7, participant: { ...bob, camera: true } });
  assert.equal(state.participants[1]?.camera, true);
  state = applyEvent(state, { type: "participant_left", seq: 8, id: "b", name: "Bob", reason: "left" });
  assert.deepEqual(state.participants, [ada]);
  assert.equal(state.seq, 8);
});

test("an event that the snapshot contains already changes nothing", () => {
  const state = snapshot();
  assert.equal(applyEvent(state, { type: "participant_joined", seq: 5, participant: bob }), state);
});

test("a gap is an error", () => {
  assert.throws(() => applyEvent(snapshot(), { type: "participant_joined", seq: 7, participant: bob }), GapError);
});

test("an update of someone unknown adds nobody", () => {
  const state = applyEvent(snapshot(), { type: "participant_updated", seq: 6, participant: bob });
  assert.deepEqual(state.participants, [ada]);
});

test("the chat does not grow without end", () => {
  let state = snapshot();
  for (let id = 1; id <= MESSAGES_KEPT + 3; id++) {
    state = applyEvent(state, { type: "chat", seq: 5 + id, message: { id, participant: "a", name: "Ada", text: "x", at: id } });
  }
  assert.equal(state.messages.length, MESSAGES_KEPT);
  assert.equal(state.messages[0]?.id, 4);
});

test("what is overtaken is skipped, and never goes back", () => {
  assert.equal(skipTo(snapshot(), 9).seq, 9);
  assert.equal(skipTo(snapshot(), 3).seq, 5);
});

test("oneself is shown as things are here, the others as they are said to be", () => {
  const state = applyEvent(snapshot(), { type: "participant_joined", seq: 6, participant: { ...bob, connection: "reconnecting" } });
  const people = peopleOf(state, { microphone: false, camera: false, screens: [1], reconnecting: false });
  assert.deepEqual(
    people.map(({ label, own, microphone, camera, reconnecting }) => ({ label, own, microphone, camera, reconnecting })),
    [
      { label: "Ada (you)", own: true, microphone: false, camera: false, reconnecting: false },
      { label: "Bob", own: false, microphone: true, camera: false, reconnecting: true },
    ],
  );
});
