import assert from "node:assert/strict";
import { test } from "node:test";

import { received, sent, way } from "../../../web/static/rtc/stats.js";
import { decibels, Playing, SILENCE } from "../../../web/static/state/playing.js";

const nothing = { id: "", participant: "b", source: "", packets: 0, lost: 0, bytes: 0, energy: 0, duration: 0, samples: 0, concealed: 0, level: 0, frames: 0, height: 0, jitter: null };
const voice = (more = {}) => ({ ...nothing, id: "v", source: "microphone", ...more });
const face = (more = {}) => ({ ...nothing, id: "f", source: "camera", ...more });
const always = () => true;

test("what came since the last look is told, sound and picture of one person together", () => {
  const playing = new Playing();
  const first = playing.tell([voice({ packets: 10 }), face({ frames: 5 })], 0, always);
  assert.deepEqual(first, { b: { seconds: 0, packets: 10, level: SILENCE, concealed: 0, frames: 5, frozen: 0 } });
  const then = playing.tell(
    [voice({ packets: 260, energy: 0.05, duration: 5, samples: 240_000, concealed: 24_000 }), face({ frames: 155 })],
    5_000,
    always,
  );
  assert.deepEqual(then, { b: { seconds: 5, packets: 250, level: -20, concealed: 0.1, frames: 150, frozen: 0 } });
});

test("a picture is frozen for as long as none came, and not while none should", () => {
  const playing = new Playing();
  playing.tell([face({ frames: 5 })], 0, always);
  assert.equal(playing.tell([face({ frames: 5 })], 2_000, always).b?.frozen, 2);
  assert.equal(playing.tell([face({ frames: 5 })], 4_000, () => false).b?.frozen, null);
  assert.equal(playing.tell([face({ frames: 5 })], 6_000, always).b?.frozen, 2);
  assert.equal(playing.tell([face({ frames: 6 })], 8_000, always).b?.frozen, 0);
});

test("a screen is told of apart from its owner, and its sound with it", () => {
  const tracks = [{ ...nothing, id: "s", source: "screen:2", frames: 3 }, { ...nothing, id: "t", source: "screen_sound:2", packets: 7 }, face({ frames: 1 })];
  const told = new Playing().tell(tracks, 0, always);
  assert.deepEqual(Object.keys(told), ["b/screen:2", "b"]);
  assert.deepEqual([told["b/screen:2"]?.frames, told["b/screen:2"]?.packets, told.b?.packets], [3, 7, null]);
});

test("counters of another connection, or of another person, begin anew", () => {
  const playing = new Playing();
  playing.tell([voice({ packets: 100 })], 0, always);
  assert.equal(playing.tell([voice({ packets: 20 })], 5_000, always).b?.packets, 20);
  assert.equal(playing.tell([voice({ packets: 30, participant: "c" })], 10_000, always).c?.packets, 30);
});

test("no more is told than the server takes", () => {
  const many = Array.from({ length: 250 }, (_, number) => face({ id: String(number), participant: String(number) }));
  assert.equal(Object.keys(new Playing().tell(many, 0, always)).length, 200);
});

test("levels are in decibels below the loudest", () => {
  assert.deepEqual([0, 1, 2, 0.1, 1e-9].map(decibels), [SILENCE, 0, 0, -20, SILENCE]);
});

test("the browser's report is read: whose track, which layer, which way", () => {
  const report = [
    { type: "inbound-rtp", mid: "0", trackIdentifier: "t", ssrc: 1, kind: "audio", packetsReceived: 9, packetsLost: -1, concealedSamples: 5, silentConcealedSamples: 4 },
    { type: "inbound-rtp", mid: "7", trackIdentifier: "u", ssrc: 2, kind: "video" },
    { type: "outbound-rtp", id: "o", mid: "1", rid: "q", kind: "video", bytesSent: 8, frameHeight: 180 },
    { type: "remote-inbound-rtp", id: "r", localId: "o", fractionLost: 0.25 },
    { type: "transport", id: "T", selectedCandidatePairId: "p" },
    { type: "candidate-pair", id: "p", currentRoundTripTime: 0.05, availableOutgoingBitrate: 1e6, localCandidateId: "l", remoteCandidateId: "m" },
    { type: "local-candidate", id: "l", protocol: "udp", candidateType: "relay" },
    { type: "remote-candidate", id: "m", protocol: "tcp", candidateType: "host" },
    { type: "candidate-pair", id: "x", currentRoundTripTime: 9 },
  ];
  const [track, ...others] = received(report, { 0: { participant: "b", source: "microphone" } });
  assert.deepEqual([track?.participant, track?.packets, track?.lost, track?.concealed, others.length], ["b", 9, 0, 1, 0]);
  assert.deepEqual(sent(report).map(({ layer, bytes, height, lost }) => [layer, bytes, height, lost]), [["q", 8, 180, 0.25]]);
  assert.deepEqual(way(report), { roundTrip: 0.05, available: 1e6, protocol: "tcp", relayed: true });
  assert.deepEqual(way([]), { roundTrip: null, available: null, protocol: "", relayed: false });
});
