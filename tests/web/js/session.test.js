import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { FakeConnection, settled } from "./fake_rtc.js";
import { ada, begin, bob, said, snapshot } from "./session_rig.js";

beforeEach(() => FakeConnection.made.splice(0));

test("the first time joining and publishing leave together", async (t) => {
  const { session, last } = begin(t);
  void session.join("blue", "Ada").catch(() => {});
  last().open();
  await settled();
  assert.deepEqual(last().sent.map(({ type }) => type), ["join", "publish"]);
  session.abandon();
});

test("a lost socket is followed by another, which goes on where the first stopped", async (t) => {
  const { session, log, asked, answer, tell, join, lose } = begin(t);
  await join();
  await tell({ type: "participant_joined", seq: 6, participant: bob });
  await lose();
  assert.equal(session.status, "reconnecting");
  const [resume] = asked("resume");
  assert.deepEqual({ ...resume, ref: "" }, { type: "resume", room: "blue", token: "t1", seq: 6, microphone: true, camera: true, screens: [], ref: "" });
  await answer("resume", { type: "resumed", seq: 8, media: true, media_session: 1, ice_servers: [] });
  assert.equal(session.missed, 2);
  await tell({ type: "participant_updated", seq: 7, participant: { ...bob, camera: true } }, { type: "chat", seq: 8, message: said(1, "hi", bob) });
  assert.equal(session.missed, 0);
  assert.equal(session.state?.participants[1]?.camera, true);
  assert.deepEqual(log, ["participant_joined", "reconnecting", "connected", "participant_updated", "chat"]);
  assert.equal(FakeConnection.made.length, 2, "the legs are untouched");
  assert.deepEqual(asked("publish"), []);
  session.abandon();
});

test("what an old socket still says is not heard", async (t) => {
  const { session, sockets, log, join, lose } = begin(t);
  await join();
  await lose();
  sockets[0]?.hear({ type: "participant_joined", seq: 6, participant: bob });
  assert.deepEqual(log, ["reconnecting"]);
  session.abandon();
});

test("switches are told as they are when it comes back, and told again if that was lost", async (t) => {
  const { session, local, asked, answer, ends, pass, last, join } = begin(t);
  await join();
  local.switches = { microphone: false, camera: true };
  local.emit("change", "microphone");
  assert.equal(asked("update").length, 1);
  await ends(1006);
  local.switches = { microphone: false, camera: false };
  local.emit("change", "camera");
  await pass(100);
  last().open();
  assert.equal(asked("resume")[0].camera, false);
  local.switches = { microphone: true, camera: true };
  local.emit("change", "camera");
  await answer("resume", { type: "resumed", seq: 5, media: true, media_session: 1, ice_servers: [] });
  assert.deepEqual(asked("update").map(({ microphone, camera }) => [microphone, camera]), [[true, true]]);
  session.abandon();
});

test("when too much was missed a snapshot replaces what was known", async (t) => {
  const { session, answer, tell, asked, join, lose } = begin(t);
  await join();
  await lose();
  await answer("resume", snapshot({ seq: 900, participants: [ada, bob] }));
  assert.equal(session.state?.participants.length, 2);
  await tell({ type: "participant_left", seq: 901, id: "b", name: "Bob", reason: "left" });
  assert.equal(session.state?.participants.length, 1);
  assert.deepEqual(asked("publish"), []);
  session.abandon();
});

test("events that were overtaken are no gap", async (t) => {
  const { session, tell, sockets, join } = begin(t);
  await join();
  await tell({ type: "skipped", seq: 7 }, { type: "participant_joined", seq: 8, participant: bob });
  assert.equal(session.state?.seq, 8);
  assert.equal(sockets.length, 1);
  session.abandon();
});

test("a gap is mended by a snapshot on a new socket", async (t) => {
  t.mock.method(console, "error", () => {});
  const { session, tell, sockets, asked, answer, pass, last, join } = begin(t);
  await join();
  await tell({ type: "participant_joined", seq: 9, participant: bob });
  assert.equal(sockets[0]?.closedWith, 3001);
  await pass(100);
  last().open();
  assert.equal(asked("resume")[0].seq, 0);
  await answer("resume", snapshot({ seq: 9, participants: [ada, bob] }));
  assert.equal(session.status, "connected");
  session.abandon();
});

test("after 1001 it comes when the server wants to be back, and is let in as somebody new", async (t) => {
  const { session, sockets, tell, ends, pass, last, asked, answer, join } = begin(t);
  await join();
  /** @type {string[]} */
  const tokens = [];
  session.on("token", (token) => tokens.push(token));
  const old = [...FakeConnection.made];
  await tell({ type: "server_stopping", message: "Bye.", stops_in: 0, back_in: 3 });
  await ends(1001);
  session.doubt({ network: true });
  await pass(2_900);
  assert.equal(sockets.length, 1);
  await pass(1_200);
  assert.equal(sockets.length, 2);
  last().end(1006); // it is not there yet
  await pass(300);
  assert.equal(sockets.length, 3);
  last().open();
  await answer("resume", { type: "error", code: "unknown_token", message: "Who?" });
  assert.match(asked("join")[0].key, /^[0-9a-f]{32}$/);
  assert.deepEqual({ ...asked("join")[0], ref: "", key: "" }, { type: "join", room: "blue", name: "Ada", key: "", microphone: true, camera: true, screens: [], ref: "" });
  await answer("join", snapshot({ you: "z", token: "t2", seq: 1, participants: [{ ...ada, id: "z" }] }));
  assert.equal(session.state?.you, "z");
  assert.deepEqual(tokens, ["t2"]);
  assert.ok(old.every(({ connectionState }) => connectionState === "closed"));
  assert.equal(asked("publish").length, 1);
  session.abandon();
});

test("a laptop that was asleep for an hour does not join by itself", async (t) => {
  const { log, sockets, ends, join, pass } = begin(t);
  await join();
  t.mock.timers.setTime(Date.now() + 3_600_000);
  await ends(1006);
  await pass(1000);
  assert.equal(sockets.length, 1);
  assert.deepEqual(log, ["reconnecting", "ended 1006"]);
});

test("after five minutes it gives up", async (t) => {
  const { log, session, sockets, last, pass, ends, join } = begin(t);
  await join();
  await ends(1006);
  for (let second = 0; second < 310; second++) {
    await pass(1000);
    if (last().closedWith === null && session.status === "reconnecting" && second % 3 === 0) await ends(1006);
  }
  assert.deepEqual(log, ["reconnecting", "ended 1006"]);
  assert.ok(sockets.length > 20 && sockets.length < 120, String(sockets.length));
});

for (const code of [1000, 1008, 1011, 4001, 4003, 4004, 4006]) {
  test(`what the server closed with ${code} is over`, async (t) => {
    const { log, sockets, ends, pass, join } = begin(t);
    await join();
    await ends(code);
    await pass(60_000);
    assert.deepEqual(log, [`ended ${code}`]);
    assert.equal(sockets.length, 1);
  });
}

test("a full room is an end with a sentence, a server that stops is asked again", async (t) => {
  const { log, sockets, last, answer, pass, join, lose } = begin(t);
  await join();
  await lose();
  await answer("resume", { type: "error", code: "server_stopping", message: "Later." });
  assert.equal(last().closedWith, 3002);
  await pass(500);
  assert.equal(sockets.length, 3);
  last().open();
  await answer("resume", { type: "error", code: "unknown_token", message: "Who?" });
  await answer("join", { type: "error", code: "room_full", message: "This room is full." });
  assert.deepEqual(log, ["reconnecting", "ended 1000 This room is full."]);
});

test("a socket that hangs while it opens is given up for another", async (t) => {
  const { session, sockets, ends, pass, join } = begin(t);
  await join();
  await ends(1006);
  await pass(100);
  assert.equal(sockets.length, 2);
  await pass(5_000);
  assert.equal(sockets.length, 2);
  await pass(1_000);
  assert.equal(sockets[1]?.closedWith, 3002);
  await pass(500);
  assert.equal(sockets.length, 3);
  session.abandon();
});

test("a server that is not heard is asked, and given up without an answer", async (t) => {
  const { session, sockets, asked, answer, pass, join } = begin(t);
  await join();
  await pass(5_000);
  assert.equal(asked("ping").length, 1);
  await answer("ping", { type: "ok" });
  await pass(5_000);
  assert.equal(asked("ping").length, 2);
  await pass(1_999);
  assert.equal(session.status, "connected");
  await pass(1);
  assert.equal(sockets[0]?.closedWith, 3002);
  assert.equal(session.status, "reconnecting");
  session.abandon();
});

test("a sign of trouble is looked into at once, and believed only without an answer", async (t) => {
  const { session, asked, answer, pass, join } = begin(t);
  await join();
  session.doubt({ network: true });
  await answer("ping", { type: "ok" });
  await pass(2_000);
  assert.equal(session.status, "connected");
  session.doubt({ network: true });
  await pass(1_500);
  assert.equal(asked("ping").length, 2);
  assert.equal(session.status, "reconnecting");
  session.abandon();
});
