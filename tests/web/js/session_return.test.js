import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { FakeConnection, settled } from "./fake_rtc.js";
import { ada, begin, said, snapshot } from "./session_rig.js";

const { AT_ONCE } = await import("../../../web/static/rtc/legs.js");

beforeEach(() => FakeConnection.made.splice(0));

test("what is written meanwhile is said after the return, once", async (t) => {
  const { session, asked, answer, tell, ends, pass, last, join } = begin(t);
  await join();
  void session.chat("in doubt");
  await ends(1006);
  void session.chat("meanwhile");
  assert.deepEqual(session.outbox.unsaid.map(({ text }) => text), ["in doubt", "meanwhile"]);
  await pass(100);
  last().open();
  await answer("resume", { type: "resumed", seq: 6, media: true, media_session: 1, ice_servers: [] });
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
  await answer("resume", { type: "resumed", seq: 5, media: true, media_session: 2, ice_servers: [] });
  assert.equal(asked("publish").length, 1);
  assert.ok(old.every(({ connectionState }) => connectionState === "closed"));
  session.abandon();
});

test("whether the room is refused a media worker is known until there is one", async (t) => {
  const { session, tell, join } = begin(t);
  await join();
  await tell({ type: "media_lost", message: "", retry_after: 15 });
  assert.equal(session.legs.shutOut, true);
  await tell({ type: "media_restored", media_session: 2 });
  assert.equal(session.legs.shutOut, false);
  await tell({ type: "media_lost", message: "", retry_after: 0 });
  assert.equal(session.legs.shutOut, false);
  session.abandon();
});

test("a room that is refused a worker is so after a return, too, and asks no more until there is one", async (t) => {
  const { session, asked, answer, tell, join, lose, pass } = begin(t);
  await join();
  /** @type {boolean[]} */
  const told = [];
  session.legs.on("status", () => told.push(session.legs.shutOut));
  await tell({ type: "media_lost", message: "", retry_after: 0 });
  await pass(AT_ONCE);
  await tell({ type: "media_lost", message: "", retry_after: 60 });
  assert.deepEqual(told, [false, true], "though it was being restored already");
  await lose();
  await answer("resume", { type: "resumed", seq: 5, media: true, media_session: 1, ice_servers: [] });
  await tell({ type: "media_lost", message: "", retry_after: 50 });
  assert.equal(session.legs.shutOut, true);
  const before = asked("publish").length;
  await pass(30_000);
  assert.equal(asked("publish").length, before);
  await tell({ type: "media_restored", media_session: 2 });
  assert.equal(asked("publish").length, before + 1);
  assert.equal(told.at(-1), false);
  session.abandon();
});

test("a worker that was replaced while it was heard is not taken for another one later", async (t) => {
  const { session, asked, answer, tell, join, lose } = begin(t);
  await join();
  await tell({ type: "media_lost", message: "" }, { type: "media_restored", media_session: 2 });
  await answer("publish", { type: "published", sdp: "answer" });
  await lose();
  await answer("resume", { type: "resumed", seq: 5, media: true, media_session: 2, ice_servers: [] });
  assert.deepEqual(asked("publish"), []);
  assert.equal(session.legs.status, "working");
  session.abandon();
});

test("no media worker after the return is waited for", async (t) => {
  const { session, asked, answer, tell, join, lose } = begin(t);
  await join();
  await lose();
  await answer("resume", { type: "resumed", seq: 5, media: false, media_session: 1, ice_servers: [] });
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

test("a join that was not answered is said again with its key, and another join has another", async (t) => {
  const { session, asked, answer, ends, pass, last, join, lose } = begin(t);
  await join();
  const keys = [asked("join")[0].key];
  await lose();
  await answer("resume", { type: "error", code: "unknown_token", message: "Who?" });
  keys.push(asked("join")[0].key);
  await ends(1006); // before there is an answer
  await pass(8_000);
  last().open();
  await settled();
  assert.equal(asked("resume").length, 0, "the token was refused already");
  keys.push(asked("join")[0].key);
  await answer("join", snapshot({ you: "z", token: "t2", seq: 1, participants: [{ ...ada, id: "z" }] }));
  assert.equal(session.status, "connected");
  assert.equal(keys[1], keys[2]);
  assert.notEqual(keys[0], keys[1]);
  session.abandon();
});

test("who came back does not wait for an interruption to pass", async (t) => {
  const { session, answer, join, lose } = begin(t);
  await join();
  const [publish] = FakeConnection.made;
  publish?.become("connected");
  await lose();
  await answer("resume", { type: "resumed", seq: 5, media: true, media_session: 1, ice_servers: [] });
  assert.equal(publish?.restarts, 0, "what flows is left alone");
  publish?.become("disconnected");
  assert.equal(publish?.restarts, 1);
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

test("who speaks is told, and void once the socket or the media worker was lost", async (t) => {
  const { session, answer, tell, join, lose } = begin(t);
  await join();
  const speaks = { type: "speakers", speaking: ["b"], spoke: ["c"] };
  await tell(speaks);
  assert.deepEqual([session.speakers.speaking, session.speakers.spoke], [["b"], ["c"]]);
  await tell({ type: "media_lost", message: "" });
  assert.deepEqual([session.speakers.speaking, session.speakers.spoke], [[], []]);
  await tell(speaks);
  await lose();
  await answer("resume", { type: "resumed", seq: 5, media: true, media_session: 1, ice_servers: [] });
  assert.deepEqual(session.speakers.speaking, []);
  session.abandon();
});
