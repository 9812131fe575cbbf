import assert from "node:assert/strict";
import { test } from "node:test";

import { CommandRefused, NotAnswered, Socket } from "../../../web/static/protocol/socket.js";
import { FakeSocket } from "./fake_socket.js";

function pair() {
  const fake = new FakeSocket();
  return { fake, socket: new Socket(/** @type {any} */ (fake)) };
}

test("commands given before the socket is open leave in order when it is", async () => {
  const { fake, socket } = pair();
  const first = socket.request({ type: "chat", text: "one" });
  const second = socket.request({ type: "chat", text: "two" });
  assert.deepEqual(fake.sent, []);
  fake.open();
  assert.deepEqual(fake.sent.map(({ text }) => text), ["one", "two"]);
  fake.hear({ type: "ok", ref: fake.sent[1].ref });
  fake.hear({ type: "ok", ref: fake.sent[0].ref });
  await Promise.all([first, second]);
  socket.close();
});

test("a refusal reaches the one who asked", async () => {
  const { fake, socket } = pair();
  fake.open();
  const asked = socket.request({ type: "chat", text: "" });
  fake.hear({ type: "error", ref: fake.sent[0].ref, code: "invalid_text", message: "Say something." });
  await assert.rejects(asked, (error) => error instanceof CommandRefused && error.code === "invalid_text" && error.message === "Say something.");
  socket.close();
});

test("a ping is answered", () => {
  const { fake, socket } = pair();
  fake.open();
  fake.hear({ type: "ping", n: 4, rtt: null });
  assert.deepEqual(fake.sent, [{ type: "pong", n: 4 }]);
  socket.close();
});

test("any frame is a sign of life, even one that nobody understands", (t) => {
  t.mock.method(console, "error", () => {});
  const { fake, socket } = pair();
  fake.open();
  let heard = 0;
  socket.on("heard", () => heard++);
  fake.hear("{");
  fake.hear({ type: "unheard_of" });
  socket.close();
  fake.hear({ type: "media_restored", media_session: 2 });
  assert.equal(heard, 2);
});

test("a close fails what waits, and is told once", async () => {
  const { fake, socket } = pair();
  fake.open();
  /** @type {number[]} */
  const codes = [];
  socket.on("closed", ({ code }) => codes.push(code));
  const asked = socket.request({ type: "leave" });
  fake.end(1011);
  fake.end(1006);
  await assert.rejects(asked, NotAnswered);
  await assert.rejects(socket.request({ type: "leave" }), NotAnswered);
  assert.deepEqual(codes, [1011]);
});

test("closing says 1000, so that the others are told at once", () => {
  const { fake, socket } = pair();
  fake.open();
  socket.close();
  assert.equal(fake.closedWith, 1000);
  assert.ok(socket.closed);
});

test("what waits is bounded", async () => {
  const { fake, socket } = pair();
  fake.open();
  const asked = Array.from({ length: 70 }, () => socket.request({ type: "leave" }).catch((error) => error.message));
  assert.equal(fake.sent.length, 64);
  assert.match(await asked[69], /Too much/);
  socket.close();
});

test("a frame that is not in the protocol is passed over", (t) => {
  t.mock.method(console, "error", () => {});
  const { fake, socket } = pair();
  fake.open();
  /** @type {string[]} */
  const types = [];
  socket.on("event", ({ type }) => types.push(type));
  fake.hear("{");
  fake.hear({ type: "chat" });
  fake.hear({ type: "unheard_of" });
  fake.hear({ type: "media_restored", media_session: 2 });
  assert.deepEqual(types, ["media_restored"]);
  socket.close();
});
