import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { FakeConnection, settled } from "./fake_rtc.js";
import { FakeSocket } from "./fake_socket.js";

const { Emitter } = await import("../../../web/static/base/emitter.js");
const { Socket } = await import("../../../web/static/protocol/socket.js");
const { Session } = await import("../../../web/static/state/session.js");

const ada = { id: "a", epoch: 1, name: "Ada", microphone: true, camera: true, connection: "present", joined_at: 1, screens: [] };
const bob = { id: "b", epoch: 2, name: "Bob", microphone: true, camera: false, connection: "present", joined_at: 2, screens: [] };
const said = (/** @type {number} */ id, /** @type {string} */ text, who = ada) => ({ id, participant: who.id, name: who.name, text, at: id });

const snapshot = (more = {}) => ({
  type: "joined", seq: 5, protocol: 1, room: "blue", you: "a", participants: [ada], messages: [], media: true, media_port: 1,
  media_session: 1, token: "t1", heartbeat: 2.5, screens: 2, ...more,
});

beforeEach(() => FakeConnection.made.splice(0));

/** @param {import("node:test").TestContext} t */
function begin(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  t.mock.method(console, "warn", () => {});
  const local = Object.assign(new Emitter(), { screens: { limit: 0, shared: new Map() }, switches: { microphone: true, camera: true, screens: [] }, tracks: { microphone: null, camera: null } });
  /** @type {FakeSocket[]} */
  const sockets = [];
  const session = new Session({
    connect: () => {
      const fake = new FakeSocket();
      sockets.push(fake);
      return new Socket(/** @type {any} */ (fake));
    },
    local: /** @type {any} */ (local),
    now: Date.now,
    random: () => 0.5,
  });
  /** @type {string[]} */
  const log = [];
  session.on("connection", (status) => log.push(status));
  session.on("event", ({ type }) => log.push(type));
  session.on("ended", ({ code, message }) => log.push(`ended ${code} ${message}`.trim()));

  const last = () => /** @type {FakeSocket} */ (sockets.at(-1));
  const asked = (/** @type {string} */ type) => last().sent.filter((each) => each.type === type);
  /** Answer the last command of a type on the newest socket. @param {string} type @param {object} reply */
  async function answer(type, reply) {
    await settled();
    const command = asked(type).at(-1);
    assert.ok(command, `no ${type} in ${JSON.stringify(last().sent)}`);
    last().hear({ ...reply, ref: command.ref });
    await settled();
  }
  const pass = async (/** @type {number} */ ms) => {
    t.mock.timers.tick(ms);
    await settled();
  };
  const ends = async (/** @type {number} */ code) => {
    last().end(code);
    await settled();
  };
  const tell = async (/** @type {object[]} */ ...events) => {
    for (const event of events) {
      last().hear(event);
      await settled();
    }
  };
  async function join() {
    const joined = session.join("blue", "Ada");
    last().open();
    await answer("join", snapshot());
    await joined;
    await answer("publish", { type: "published", sdp: "answer" });
    for (let n = 1; n <= 6; n++) {
      await pass(2_500);
      await tell({ type: "ping", n, rtt: null });
    }
    log.length = 0;
  }
  /** The socket is lost, and another is there to be spoken on. */
  async function lose(code = 1006) {
    await ends(code);
    await pass(100);
    last().open();
    await settled();
  }
  return { session, local, sockets, log, last, asked, answer, pass, ends, tell, join, lose };
}

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
  await answer("resume", { type: "resumed", seq: 8, media: true, media_session: 1 });
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
  await answer("resume", { type: "resumed", seq: 5, media: true, media_session: 1 });
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
  assert.deepEqual({ ...asked("join")[0], ref: "" }, { type: "join", room: "blue", name: "Ada", microphone: true, camera: true, screens: [], ref: "" });
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

test("what is written meanwhile is said after the return, once", async (t) => {
  const { session, asked, answer, tell, ends, pass, last, join } = begin(t);
  await join();
  void session.chat("in doubt");
  await ends(1006);
  void session.chat("meanwhile");
  assert.deepEqual(session.outbox.unsaid.map(({ text }) => text), ["in doubt", "meanwhile"]);
  await pass(100);
  last().open();
  await answer("resume", { type: "resumed", seq: 6, media: true, media_session: 1 });
  assert.deepEqual(asked("chat"), [], "first it is heard what was said");
  await tell({ type: "chat", seq: 6, message: said(1, "in doubt") });
  assert.deepEqual(asked("chat").map(({ text }) => text), ["meanwhile"]);
  await answer("chat", { type: "ok" });
  await tell({ type: "chat", seq: 7, message: said(2, "meanwhile") });
  assert.deepEqual(session.outbox.unsaid, []);
  session.abandon();
});

test("another media worker after the return means new legs", async (t) => {
  const { session, asked, answer, join, lose } = begin(t);
  await join();
  const old = [...FakeConnection.made];
  await lose();
  await answer("resume", { type: "resumed", seq: 5, media: true, media_session: 2 });
  assert.equal(asked("publish").length, 1);
  assert.ok(old.every(({ connectionState }) => connectionState === "closed"));
  session.abandon();
});

test("a worker that was replaced while it was heard is not taken for another one later", async (t) => {
  const { session, asked, answer, tell, join, lose } = begin(t);
  await join();
  await tell({ type: "media_lost", message: "" }, { type: "media_restored", media_session: 2 });
  await answer("publish", { type: "published", sdp: "answer" });
  await lose();
  await answer("resume", { type: "resumed", seq: 5, media: true, media_session: 2 });
  assert.deepEqual(asked("publish"), []);
  assert.equal(session.legs.status, "working");
  session.abandon();
});

test("no media worker after the return is waited for", async (t) => {
  const { session, asked, answer, tell, join, lose } = begin(t);
  await join();
  await lose();
  await answer("resume", { type: "resumed", seq: 5, media: false, media_session: 1 });
  assert.equal(session.legs.status, "restoring");
  await tell({ type: "media_restored", media_session: 2 });
  await answer("publish", { type: "published", sdp: "answer" });
  assert.equal(session.legs.status, "working");
  session.abandon();
});

test("a page that was reloaded takes its stay up again, with connections of its own", async (t) => {
  const { session, last, asked, answer } = begin(t);
  const joined = session.join("blue", "Ada", { token: "t0" });
  last().open();
  await answer("resume", snapshot({ token: "t0" }));
  await joined;
  assert.equal(asked("resume")[0].seq, 0);
  assert.deepEqual(asked("restart").map(({ fresh }) => fresh), [true]);
  assert.equal(asked("publish").length, 1);
  assert.equal(asked("join").length, 0);
  session.abandon();
});

test("a stay that was over by then is joined anew on the same socket", async (t) => {
  const { session, sockets, last, answer } = begin(t);
  const joined = session.join("blue", "Ada", { token: "t0" });
  last().open();
  await answer("resume", { type: "error", code: "unknown_token", message: "Who?" });
  await settled();
  assert.deepEqual(last().sent.map(({ type }) => type), ["resume", "join", "publish"]);
  await answer("join", snapshot());
  await joined;
  assert.equal(sockets.length, 1);
  session.abandon();
});

test("whoever leaves while it is reconnecting is not brought back", async (t) => {
  const { session, sockets, ends, pass, join } = begin(t);
  await join();
  await ends(1006);
  await session.leave();
  await pass(60_000);
  assert.equal(sockets.length, 1);
});
