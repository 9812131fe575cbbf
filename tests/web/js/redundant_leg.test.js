/** A publish leg that changes whether a voice is sent twice, between offers and never into one. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeConnection, settled } from "./fake_rtc.js";

const { PublishLeg } = await import("../../../web/static/rtc/publish_leg.js");

const ANSWER = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\na=rtpmap:63 red/48000/2\r\na=rtpmap:111 opus/48000/2\r\n";
const PLAIN = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n";

/** @param {import("node:test").TestContext} t */
async function published(t, answer = ANSWER) {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const leg = new PublishLeg();
  const connection = /** @type {any} */ (FakeConnection.made.at(-1));
  /** @type {string[]} */
  const answers = [];
  const accept = connection.setRemoteDescription.bind(connection);
  connection.setRemoteDescription = async (/** @type {any} */ description) => {
    answers.push(description.sdp);
    await accept(description);
  };
  let available = 1_000_000;
  const { sender } = connection.getTransceivers()[0];
  sender.track = {};
  sender.getStats = async () => new Map([["pair", { id: "pair", type: "candidate-pair", nominated: true, availableOutgoingBitrate: available }]]);
  const pass = async (/** @type {number} */ seconds, /** @type {number} */ bits) => {
    available = bits;
    for (let second = 0; second < seconds; second += 1) {
      now += 1_000;
      t.mock.timers.tick(1_000);
      for (let turn = 0; turn < 4; turn += 1) await settled();
    }
  };
  await leg.offer;
  await leg.accept(answer);
  return { leg, connection, answers, pass };
}

test("a narrow uplink has it sent once, and a wide one twice again, without a word to the server", async (t) => {
  const { leg, connection, answers, pass } = await published(t);
  await pass(5, 1_000_000);
  assert.deepEqual(answers, [ANSWER]);
  await pass(5, 50_000);
  assert.deepEqual(answers, [ANSWER, PLAIN]);
  assert.equal(connection.signalingState, "stable");
  await pass(10, 500_000);
  assert.deepEqual(answers, [ANSWER, PLAIN, ANSWER]);
  leg.close();
  await pass(10, 50_000);
  assert.equal(answers.length, 3);
});

test("while an offer waits for its answer nothing is changed, and the answer is taken as things are then", async (t) => {
  const { leg, answers, pass } = await published(t);
  await pass(5, 50_000);
  leg.restart();
  await leg.offer;
  await pass(10, 500_000);
  assert.deepEqual(answers, [ANSWER, PLAIN]);
  await leg.accept(ANSWER);
  assert.equal(answers.at(-1), PLAIN);
  await pass(7, 500_000);
  assert.equal(answers.at(-1), ANSWER);
  leg.close();
});

test("what is to be offered meanwhile waits until the change is made", async (t) => {
  const { leg, connection, answers, pass } = await published(t);
  await pass(1, 50_000);
  const accept = connection.setRemoteDescription;
  /** @type {() => void} */
  let go = () => {};
  connection.setRemoteDescription = async (/** @type {any} */ description) => {
    await new Promise((resolve) => (go = () => resolve(undefined)));
    await accept(description);
  };
  await pass(3, 50_000);
  assert.equal(connection.signalingState, "have-local-offer");
  leg.restart();
  await settled();
  assert.equal(connection.restarts, 0);
  go();
  await leg.offer;
  assert.equal(connection.restarts, 1);
  assert.equal(connection.signalingState, "have-local-offer");
  assert.deepEqual(answers, [ANSWER, PLAIN]);
  leg.close();
});

test("a browser that refuses goes on as it was, and is asked once", async (t) => {
  const { leg, connection, answers, pass } = await published(t);
  const warned = t.mock.method(console, "warn", () => {});
  const accept = connection.setRemoteDescription;
  connection.setRemoteDescription = async () => {
    throw new Error("no");
  };
  await pass(5, 50_000);
  assert.equal(connection.localDescription?.type, "rollback");
  assert.equal(warned.mock.callCount(), 1);
  const offered = t.mock.method(connection, "createOffer");
  await pass(20, 50_000);
  assert.equal(offered.mock.callCount(), 0);
  connection.setRemoteDescription = accept;
  leg.restart();
  await leg.offer;
  await leg.accept(ANSWER);
  await pass(20, 50_000);
  assert.equal(answers.at(-1), ANSWER);
  assert.equal(offered.mock.callCount(), 1);
  leg.close();
});

test("one that does not take its offer back either is offered the next in its place", async (t) => {
  const { leg, connection, pass } = await published(t);
  t.mock.method(console, "warn", () => {});
  const [accept, describe] = [connection.setRemoteDescription, connection.setLocalDescription.bind(connection)];
  connection.setRemoteDescription = async () => {
    throw new Error("no");
  };
  connection.setLocalDescription = async (/** @type {any} */ description) => {
    if (description.type === "rollback") throw new Error("neither");
    await describe(description);
  };
  await pass(5, 50_000);
  assert.equal(connection.signalingState, "have-local-offer");
  connection.setRemoteDescription = accept;
  leg.renew();
  await leg.offer;
  await leg.accept(ANSWER);
  assert.equal(connection.signalingState, "stable");
  leg.close();
});

/** Like Chromium: with other servers whatever it offers has other credentials. @param {any} connection */
function movable(connection) {
  let ufrag = "first";
  const configure = connection.setConfiguration.bind(connection);
  connection.setConfiguration = (/** @type {RTCConfiguration} */ configuration) => {
    configure(configuration);
    ufrag = JSON.stringify(configuration.iceServers);
  };
  connection.createOffer = async () => ({ type: "offer", sdp: `v=0\r\na=ice-ufrag:${ufrag}\r\n` });
  return () => (ufrag = "another");
}

const servers = (/** @type {string} */ credential) => [{ urls: ["turn:turn.example.org"], username: "1:a", credential }];

test("with other servers nothing is changed until the server answered an offer with them", async (t) => {
  const { leg, connection, answers, pass } = await published(t);
  movable(connection);
  leg.restart();
  await leg.offer;
  leg.useServers(servers("first"));
  await leg.accept(ANSWER); // to an offer without them
  const offered = t.mock.method(connection, "createOffer");
  await pass(10, 50_000);
  assert.equal(offered.mock.callCount(), 0);
  assert.deepEqual(answers, [ANSWER, ANSWER]);
  leg.renew();
  await leg.offer;
  await leg.accept(ANSWER);
  await pass(5, 50_000);
  assert.equal(answers.at(-1), PLAIN);
  leg.useServers(servers("first"));
  await pass(10, 500_000);
  assert.equal(answers.at(-1), ANSWER, "the same servers change nothing");
  leg.useServers(servers("second"));
  offered.mock.resetCalls();
  await pass(10, 50_000);
  assert.equal(offered.mock.callCount(), 0);
  leg.close();
});

test("a change that would look for ways anew is not made, and not tried again before the next answer", async (t) => {
  const { leg, connection, answers, pass } = await published(t);
  const warned = t.mock.method(console, "warn", () => {});
  const move = movable(connection);
  leg.restart();
  await leg.offer;
  await leg.accept(ANSWER);
  move();
  const before = connection.localDescription;
  const offered = t.mock.method(connection, "createOffer");
  await pass(10, 50_000);
  assert.equal(connection.localDescription, before);
  assert.equal(connection.signalingState, "stable");
  assert.equal(offered.mock.callCount(), 1);
  leg.renew();
  await leg.offer;
  await leg.accept(ANSWER);
  await pass(5, 50_000);
  assert.equal(answers.at(-1), PLAIN);
  assert.equal(warned.mock.callCount(), 0);
  leg.close();
});

test("nobody looks where the server takes voices once only, nor after a leg that was closed while it was answered", async (t) => {
  const begun = t.mock.method(globalThis, "setInterval");
  const { leg } = await published(t, PLAIN);
  assert.equal(begun.mock.callCount(), 0);
  leg.close();
  const late = new PublishLeg();
  const connection = /** @type {any} */ (FakeConnection.made.at(-1));
  await late.offer;
  connection.setRemoteDescription = async () => late.close();
  const timers = t.mock.method(globalThis, "setInterval");
  await late.accept(ANSWER);
  assert.equal(timers.mock.callCount(), 0);
});
