import assert from "node:assert/strict";
import { test } from "node:test";

import { CALM, FOR_SURE, GAP, LONG_ENOUGH, Redundancy, takesRedundancy, withoutRedundancy } from "../../../web/static/rtc/redundancy.js";
import { readVoice } from "../../../web/static/rtc/stats.js";

/** Looks once a second for a while. @param {Redundancy} redundancy @param {number} begin @param {number} end seconds @param {Partial<import("../../../web/static/rtc/stats.js").VoiceWay>} way */
function looks(redundancy, begin, end, way) {
  const seen = [];
  for (let at = begin; at < end; at += 1) {
    seen.push(redundancy.look({ available: 1_000_000, lost: 0, roundTrip: 0.02, ...way }, at * 1_000));
  }
  return seen;
}

test("a voice is sent once on a narrow uplink, and twice again when it is wide for a while", () => {
  const redundancy = new Redundancy();
  assert.ok(looks(redundancy, 0, 10, {}).every(Boolean));
  const narrow = looks(redundancy, 10, 20, { available: 80_000 });
  assert.ok(narrow[0], "one look may be wrong");
  assert.equal(narrow[Math.ceil(FOR_SURE / 1_000)], false);
  const wide = looks(redundancy, 20, 40, { available: 300_000 });
  assert.equal(wide.indexOf(true), LONG_ENOUGH / 1_000);
  assert.ok(wide.slice(5).every(Boolean));
});

test("it does not go to and fro between the two", () => {
  const redundancy = new Redundancy();
  looks(redundancy, 0, 3, { available: 80_000 });
  let changes = 0;
  let last = redundancy.on;
  for (let at = 3; at < 63; at += 1) {
    const [on] = looks(redundancy, at, at + 1, { available: at % 2 ? 90_000 : 150_000 });
    if (on !== last) changes += 1;
    last = on ?? last;
  }
  assert.equal(changes, 0);
});

test("where little is sent little is believed to fit, so it is tried after a calm while, and later each time that it fails", () => {
  const redundancy = new Redundancy();
  looks(redundancy, 0, 3, { available: 80_000 });
  assert.equal(redundancy.on, false);
  const first = looks(redundancy, 3, 60, { available: 85_000 });
  const taken = first.indexOf(true);
  assert.ok(Math.abs(taken + 1 - CALM / 1_000) <= 2, `${taken}`);
  const next = first.slice(taken);
  assert.deepEqual(next.slice(0, 4), [true, true, true, false], "that was too much, but not at once");
  const again = looks(redundancy, 60, 120, { available: 85_000 }).indexOf(true) + next.length;
  assert.ok(again > (1.9 * CALM) / 1_000, `${again}`);
});

test("and never much later than five minutes", () => {
  const redundancy = new Redundancy();
  const all = looks(redundancy, 0, 2_000, { available: 85_000 });
  const taken = all.flatMap((on, at) => (on && at > 0 && !all[at - 1] ? [at] : []));
  const pauses = taken.slice(1).map((at, number) => at - (taken[number] ?? 0));
  for (const [number, seconds] of [60, 120, 240, 300, 300, 300].entries()) {
    assert.ok(Math.abs((pauses[number] ?? 0) - seconds) <= 5, String(pauses));
  }
});

test("a moment of more does not make an uplink wide, nor one of less after it a narrow one", () => {
  const redundancy = new Redundancy();
  for (let at = 0; at < 20; at += 1) {
    assert.deepEqual(looks(redundancy, at, at + 1, { available: at % 2 ? 90_000 : 150_000 }), [true]);
  }
});

test("what is neither narrow nor wide leaves it as it is until all was calm for a while", () => {
  const redundancy = new Redundancy();
  looks(redundancy, 0, 3, { available: 80_000 });
  let at = 3;
  for (; at < CALM / 1_000; at += 1) {
    assert.deepEqual(looks(redundancy, at, at + 1, { available: at % 2 ? 150_000 : 145_000 }), [false]);
  }
  assert.ok(looks(redundancy, at, at + 5, { available: 150_000 }).includes(true), "so small a step is no fall");
});

test("nothing is tried while packets wait, or many are lost", () => {
  for (const bad of [{ roundTrip: 0.3 }, { lost: 0.12 }]) {
    const redundancy = new Redundancy();
    looks(redundancy, 0, 3, { available: 80_000 });
    assert.ok(!looks(redundancy, 3, 100, { available: 85_000, ...bad }).some(Boolean));
    assert.deepEqual(looks(redundancy, 100, 101, { available: 85_000 }), [true]);
  }
});

test("a way that is long is no queue", () => {
  const redundancy = new Redundancy();
  looks(redundancy, 0, 1, { roundTrip: null });
  assert.ok(looks(redundancy, 1, 20, { available: 60_000, lost: 0.12, roundTrip: 0.3 }).every(Boolean));
});

test("what is lost is sent twice, however little the browser believes in, unless it waits", () => {
  const redundancy = new Redundancy();
  assert.ok(looks(redundancy, 0, 20, { available: 60_000, lost: 0.12 }).every(Boolean));
  assert.equal(looks(redundancy, 20, 30, { available: 60_000, lost: 0.12, roundTrip: 0.3 }).at(-1), false);
});

test("nothing is decided by nothing", () => {
  const redundancy = new Redundancy();
  assert.ok(looks(redundancy, 0, 20, { available: null, lost: null, roundTrip: null }).every(Boolean));
});

test("what was begun before a mute is not known to have gone on, as nobody looks meanwhile", () => {
  for (const silent of [true, false]) {
    const redundancy = new Redundancy();
    looks(redundancy, 0, 8, {});
    assert.deepEqual(looks(redundancy, 8, 9, { available: 80_000 }), [true]);
    if (!silent) looks(redundancy, 9, 20, { available: null });
    const narrow = looks(redundancy, 20, 23, { available: 80_000 });
    assert.deepEqual(narrow, [true, true, false]);
    looks(redundancy, 23, 26, { available: 300_000 });
    assert.equal(looks(redundancy, 40, 50, { available: 300_000 }).indexOf(true), LONG_ENOUGH / 1_000);
  }
});

test("nor that nothing fell in it", () => {
  const redundancy = new Redundancy();
  looks(redundancy, 0, 3, { available: 80_000 });
  const after = (GAP + 2 * CALM) / 1_000;
  const taken = looks(redundancy, after, 2 * after, { available: 85_000 }).indexOf(true);
  assert.equal(taken, CALM / 1_000);
});

test("what a voice meets is what its sender counts, of its own packets and of the way that they take", async () => {
  const report = [
    { id: "T", type: "transport", selectedCandidatePairId: "P" },
    { id: "P", type: "candidate-pair", currentRoundTripTime: 0.04, availableOutgoingBitrate: 90_000 },
    { id: "O", type: "outbound-rtp", kind: "audio" },
    { id: "R", type: "remote-inbound-rtp", localId: "O", fractionLost: 0.1, roundTripTime: 0.05 },
  ];
  const sender = (/** @type {any[]} */ its) => ({ getStats: async () => new Map(its.map((each) => [each.id, each])) });
  assert.deepEqual(await readVoice(sender(report)), { available: 90_000, lost: 0.1, roundTrip: 0.04 });
  const unheard = report.slice(0, 3);
  assert.deepEqual(await readVoice(sender(unheard)), { available: 90_000, lost: null, roundTrip: 0.04 });
  const [, pair, ...rest] = report; // not every browser says which pair is chosen
  const pairs = [{ ...pair, id: "Q", availableOutgoingBitrate: 1 }, { ...pair, nominated: true }];
  assert.deepEqual(await readVoice(sender([...pairs, ...rest])), { available: 90_000, lost: 0.1, roundTrip: 0.04 });
  assert.deepEqual(await readVoice(sender([])), { available: null, lost: null, roundTrip: null });
});

const picture = "m=video 9 UDP/TLS/RTP/SAVPF 96 63\r\na=rtpmap:96 VP8/90000\r\n";
const sound = (/** @type {string} */ formats, /** @type {string} */ red) =>
  `m=audio 9 UDP/TLS/RTP/SAVPF ${formats}\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n${red}a=recvonly\r\n`;
const RED = "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtcp-fb:63 transport-cc\r\n";

test("redundancy is taken out of the microphone's line, and of nothing else", () => {
  for (const formats of ["63 111", "111 63", "111 63 9", "111 631 63"]) {
    const sdp = (/** @type {string} */ its, /** @type {string} */ red) => `v=0\r\n${sound(its, red)}${picture}${sound("63 111", RED)}`;
    const plain = formats.replace(/\b63\b ?/, "").trim();
    assert.ok(takesRedundancy(sdp(formats, RED)));
    assert.equal(withoutRedundancy(sdp(formats, RED)), sdp(plain, ""));
    assert.equal(withoutRedundancy(sdp(formats, RED.replace("red", "RED"))), sdp(plain, ""));
    assert.ok(!takesRedundancy(sdp(plain, "")));
    assert.equal(withoutRedundancy(sdp(plain, "")), sdp(plain, ""));
  }
  assert.equal(withoutRedundancy("answer"), "answer");
  assert.ok(!takesRedundancy("answer"));
});
