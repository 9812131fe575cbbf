import assert from "node:assert/strict";
import { test } from "node:test";

import { Trouble } from "../../../web/static/state/trouble.js";
import { hintsOf, serverWords } from "../../../web/static/text/hints.js";
import { marksOf, signalWords } from "../../../web/static/text/trouble.js";

/** @typedef {import("../../../web/static/protocol/types.js").Problem} Problem */

const NOW = new Date(2026, 4, 1, 14, 30);
const SINCE = new Date(2026, 4, 1, 14, 3).getTime() / 1000;

/** @param {string} kind @param {string | null} participant @param {Partial<Problem>} [more] @returns {Problem} */
const problem = (kind, participant, more = {}) => ({ type: "problem", kind, participant, direction: null, source: null, severity: "severe", since: SINCE, concerns: [], figures: {}, ...more });
/** @param {Problem} problem */
const over = ({ kind, participant, direction, source }) => /** @type {const} */ ({ type: "problem_over", kind, participant, direction, source });
/** @param {string} participant @param {1 | 2 | 3 | 4} level @returns {import("../../../web/static/protocol/types.js").Signal} */
const signal = (participant, level, uplink = level, downlink = /** @type {1 | 2 | 3 | 4 | null} */ (4)) => ({ type: "signal", participant, level, uplink, downlink, since: SINCE });

const slow = problem("network_slow", "b", { direction: "uplink" });
const quiet = { talking: false, silent: false, muted: false, cameraMuted: false, dark: false, blocked: false };
const here = { you: "a", microphone: true, camera: true, sharing: false, own: quiet, restoring: false, shortcuts: true, nameOf: (/** @type {string} */ id) => ({ b: "Bob", c: "Eve", d: "Dan" })[id] ?? "" };

test("what is wrong is known until it is over, by its four names", () => {
  const trouble = new Trouble();
  let changes = 0;
  trouble.on("change", () => (changes += 1));
  trouble.take(slow);
  trouble.take({ ...slow, severity: "mild" });
  trouble.take({ ...slow, direction: "downlink" });
  assert.deepEqual(trouble.problems.map(({ direction, severity }) => [direction, severity]), [["uplink", "mild"], ["downlink", "severe"]]);
  trouble.take(over(slow));
  trouble.take(over(slow));
  assert.deepEqual([trouble.problems.length, changes], [1, 4]);
});

test("who leaves takes it along, and after a return nothing is known", () => {
  const trouble = new Trouble();
  const all = [slow, problem("camera_frozen", "c", { source: "camera" }), signal("b", 2), signal("c", 4)];
  for (const event of all) trouble.take(event);
  trouble.take({ type: "participant_left", seq: 1, id: "b", name: "Bob", reason: "left" });
  assert.deepEqual([trouble.problems.map(({ participant }) => participant), [...trouble.signals.keys()]], [["c"], ["c"]]);
  trouble.take({ type: "resumed", ref: null, seq: 1, media: true, media_session: 1, ice_servers: [] });
  assert.deepEqual([trouble.problems.length, trouble.signals.size], [0, 0]);
});

test("no more is kept than a room can have", () => {
  const trouble = new Trouble();
  for (let n = 0; n < 1000; n++) {
    trouble.take(problem("camera_dark", String(n)));
    trouble.take(signal(String(n), 4));
  }
  trouble.take(signal("3", 1));
  assert.deepEqual([trouble.problems.length, trouble.signals.size, trouble.signals.get("3")?.level], [500, 500, 1]);
});

test("the bars say what is bad and since when", () => {
  assert.equal(signalWords(signal("b", 2), false, NOW), "Their connection is poor: what they send, since 14:03");
  assert.equal(signalWords(signal("b", 1, 1, 1), true, NOW), "Your connection is hardly there: what you send and receive, since 14:03");
  assert.equal(signalWords(signal("b", 3, 4, 3), false, NOW), "Their connection is fair: what they receive, since 14:03");
  assert.equal(signalWords(signal("b", 3, 4, null), false, NOW), "Their connection is fair, since 14:03");
  assert.equal(signalWords(signal("b", 4), false, NOW), "Their connection is good");
  assert.equal(signalWords(undefined, true, NOW), "Your connection: not known yet");
});

test("a mark stands at the tile of whom it is about, what matters most first", () => {
  const problems = [slow, problem("microphone_silent", "b", { source: "microphone" }), problem("something_new", "b"), problem("server_overloaded", null)];
  assert.deepEqual(marksOf(problems, "b", "a", NOW).map(({ text }) => text), ["No sound from microphone", "Slow connection"]);
  assert.deepEqual(marksOf(problems, "a", "a", NOW), []);
  assert.equal(marksOf([slow], "b", "b", NOW)[0]?.detail.startsWith("Your connection is slow"), true);
  assert.match(marksOf([slow], "b", "a", NOW)[0]?.detail ?? "", /, since 14:03$/);
});

test("what somebody receives is told to the others only when it is bad", () => {
  const mild = problem("network_slow", "b", { direction: "downlink", severity: "mild" });
  assert.equal(marksOf([mild], "b", "a").length, 0);
  assert.equal(marksOf([mild], "b", "b").length, 1);
  assert.equal(marksOf([{ ...mild, severity: "severe" }], "b", "a").length, 1);
});

test("who does not hear whom is marked with the other, for those two alone", () => {
  const unheard = problem("cannot_be_heard", "a", { concerns: ["b"] });
  assert.equal(marksOf([unheard], "b", "a")[0]?.text, "Cannot hear you");
  assert.equal(marksOf([unheard], "a", "b")[0]?.text, "You cannot hear them");
  assert.deepEqual([marksOf([unheard], "a", "a"), marksOf([unheard], "c", "a"), marksOf([unheard], "a", "c")], [[], [], []]);
});

test("a slow connection is told with what helps, as things are", () => {
  const own = problem("network_slow", "a", { direction: "uplink" });
  assert.deepEqual(hintsOf([own], here).map(({ action }) => action), ["camera_off"]);
  assert.match(hintsOf([own], here)[0]?.text ?? "", /^Your connection is slow: others may see you blurred\. Turn your camera off to sound better\.$/);
  assert.deepEqual(hintsOf([own], { ...here, camera: false }).map(({ action, text }) => [action, text]), [[null, "Your connection is slow: others may hear you with gaps."]]);
  assert.deepEqual(hintsOf([slow], here), []);
});

test("what this page knows by itself is told without waiting for the server", () => {
  const known = (/** @type {Partial<typeof quiet>} */ own, more = {}) => hintsOf([], { ...here, ...more, own: { ...quiet, ...own } }).map(({ key }) => key);
  assert.deepEqual(known({ silent: true }), ["microphone_silent"]);
  assert.deepEqual(known({ dark: true }), ["camera_dark"]);
  assert.deepEqual(known({ dark: true, cameraMuted: true }), ["camera_muted"]);
  assert.deepEqual(known({ muted: true, blocked: true }), ["sound_blocked", "microphone_muted"]);
  assert.deepEqual(known({ talking: true, blocked: true }, { microphone: false }), ["talking_while_muted", "sound_blocked"]);
  assert.deepEqual(known({ talking: true, silent: true, muted: true, cameraMuted: true }, { camera: false }), ["microphone_muted"]);
});

test("a key is named only where there are keys", () => {
  const label = (/** @type {boolean} */ shortcuts) => hintsOf([], { ...here, microphone: false, shortcuts, own: { ...quiet, talking: true } })[0]?.label;
  assert.deepEqual([label(true), label(false)], ["Unmute (M)", "Unmute"]);
});

test("a device that is off by now is no trouble any more", () => {
  const problems = [problem("microphone_silent", "a"), problem("camera_frozen", "a"), problem("camera_dark", "a"), problem("cannot_be_heard", "a", { concerns: ["b"] })];
  assert.equal(hintsOf(problems, here).length, 4);
  assert.deepEqual(hintsOf(problems, { ...here, microphone: false, camera: false }), []);
});

test("what the page says already of its connections is not said again", () => {
  const lost = problem("leg_lost", "a", { direction: "uplink" });
  assert.deepEqual(hintsOf([lost], here).map(({ key }) => key), ["leg_lost uplink"]);
  assert.deepEqual(hintsOf([lost], { ...here, restoring: true }), []);
});

test("those who do not hear are named while they are few", () => {
  const unheard = (/** @type {string[]} */ ...concerns) => hintsOf([problem("cannot_be_heard", "a", { concerns })], here)[0]?.text;
  assert.match(unheard("b") ?? "", /^Bob cannot hear you/);
  assert.match(unheard("b", "c", "gone") ?? "", /^Bob and Eve cannot hear you/);
  assert.match(unheard("b", "c", "d") ?? "", /^3 people cannot hear you/);
  assert.equal(unheard("gone"), undefined);
});

test("what is ours is never said to be theirs", () => {
  assert.match(serverWords([slow, problem("server_overloaded", null)])?.text ?? "", /It is not your connection/);
  assert.equal(serverWords([problem("server_overloaded", null), problem("worker_lost", null)])?.busy, true);
  assert.equal(serverWords([problem("worker_lost", null)], false, true), null, "another is there");
  assert.equal(serverWords([slow]), null);
  assert.equal(serverWords([slow], true), null);
  assert.match(serverWords([problem("worker_lost", null)], true)?.text ?? "", /in this room .* off for a while/);
});
