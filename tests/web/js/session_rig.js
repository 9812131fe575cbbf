/** A session whose socket, devices and clock are a test's. */

import assert from "node:assert/strict";

import { settled } from "./fake_rtc.js";
import { FakeSocket } from "./fake_socket.js";

const { Emitter } = await import("../../../web/static/base/emitter.js");
const { Socket } = await import("../../../web/static/protocol/socket.js");
const { Session } = await import("../../../web/static/state/session.js");

export const ada = { id: "a", epoch: 1, name: "Ada", microphone: true, camera: true, connection: "present", joined_at: 1, screens: [] };
export const bob = { id: "b", epoch: 2, name: "Bob", microphone: true, camera: false, connection: "present", joined_at: 2, screens: [] };
export const said = (/** @type {number} */ id, /** @type {string} */ text, who = ada) => ({ id, participant: who.id, name: who.name, text, at: id });

export const snapshot = (more = {}) => ({
  type: "joined", seq: 5, protocol: 1, room: "blue", you: "a", participants: [ada], messages: [], media: true, media_port: 1,
  media_session: 1, token: "t1", heartbeat: 2.5, ice_servers: [], screens: 2, ...more,
});

/** @param {import("node:test").TestContext} t */
export function begin(t) {
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
