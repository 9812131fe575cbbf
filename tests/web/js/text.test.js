import assert from "node:assert/strict";
import { test } from "node:test";

import { clock } from "../../../web/static/text/clock.js";
import { segments } from "../../../web/static/text/links.js";
import { hueOf, initials, nameProblem } from "../../../web/static/text/names.js";
import { problemOf, problemWords } from "../../../web/static/text/problems.js";
import { roomOfPath, roomPath, slug, suggestRoom } from "../../../web/static/text/rooms.js";
import { blockedWords, endingWords, leftWords, stoppingWords, unreadWords } from "../../../web/static/text/words.js";

for (const [typed, room] of /** @type {[string, string][]} */ ([
  ["Team Standup", "team-standup"],
  ["  Ada's  room! ", "adas-room"],
  ["ＦＵＬＬ　width", "full-width"],
  ["日本語 の部屋", "日本語-の部屋"],
  ["क्षेत्र", "क्षेत्र"],
  ["snake_case", "snake_case"],
  ["--a--b--", "a-b"],
  ["../../etc", "etc"],
  ["!!!", ""],
  ["x".repeat(80), "x".repeat(64)],
])) {
  test(`${JSON.stringify(typed)} becomes ${JSON.stringify(room)}`, () => assert.equal(slug(typed), room));
}

test("a slug is its own slug", () => {
  for (const typed of ["Team Standup", "İstanbul", "ǅ ﬁ", "日本語 の部屋"]) assert.equal(slug(slug(typed)), slug(typed));
});

test("a suggestion is a room's name and reads well", () => {
  for (let i = 0; i < 200; i++) {
    const room = suggestRoom();
    assert.match(room, /^[a-z]+-[a-z]+-[1-9][0-9]$/);
    assert.equal(slug(room), room);
  }
  assert.equal(suggestRoom(() => 0), "amber-acorn-10");
});

test("a room's name survives its link", () => {
  assert.equal(roomOfPath(roomPath("日本語-の部屋")), "日本語-の部屋");
  assert.equal(roomOfPath("/r/%E0%A4%A"), "");
});

test("names that may be used", () => {
  for (const name of ["Ada", " Ada ", "Nguyễn Văn A", "👩‍🚀", "x".repeat(64)]) assert.equal(nameProblem(name), null, name);
  for (const name of ["", "   ", "x".repeat(65), "a\nb", "a\u202eb", "a\u0000"]) assert.ok(nameProblem(name), JSON.stringify(name));
});

test("initials", () => {
  const expected = { "Ada Lovelace": "AL", bob: "B", "  Jean  Luc  Picard ": "JP", "👩‍🚀 Kim": "K", "(Ada)": "A", "!!!": "?", "🦄🌈": "🦄", "👨‍👩‍👧": "👨‍👩‍👧", 山田太郎: "山" };
  for (const [name, letters] of Object.entries(expected)) assert.equal(initials(name), letters, name);
});

test("a colour stays with its name", () => {
  assert.equal(hueOf("Ada"), hueOf("Ada"));
  assert.ok(new Set(["Ada", "Bob", "Chen", "Dora", "Eve", "Finn", "Gus", "Hana"].map(hueOf)).size > 3);
});

test("links are found, and only safe ones", () => {
  const links = (/** @type {string} */ text) => segments(text).filter(({ href }) => href).map(({ text }) => text);
  assert.deepEqual(links("see https://example.org/a?b=c#d, or http://x.org."), ["https://example.org/a?b=c#d", "http://x.org"]);
  assert.deepEqual(links("(https://en.wikipedia.org/wiki/Room_(film))"), ["https://en.wikipedia.org/wiki/Room_(film)"]);
  assert.deepEqual(links("javascript:alert(1) data:text/html,x ftp://a.org https://"), []);
  assert.equal(segments("a https://b.org c <script>").map(({ text }) => text).join(""), "a https://b.org c <script>");
});

test("the clock says the day only when it was another", () => {
  const now = new Date(2026, 4, 3, 15, 0);
  assert.equal(clock(new Date(2026, 4, 3, 9, 5).getTime() / 1000, now), "09:05");
  assert.match(clock(new Date(2026, 4, 2, 23, 59).getTime() / 1000, now), /2.*, 23:59$/);
});

test("leaving is said first, its reason after", () => {
  assert.equal(leftWords("Bob", "left"), "Bob left");
  assert.equal(leftWords("Bob", "tab_closed"), "Bob left");
  assert.equal(leftWords("Bob", "connection_lost"), "Bob left (connection lost)");
  assert.equal(leftWords("Bob", "from_the_future"), "Bob left");
});

test("the time until a restart is said in round words", () => {
  const said = [300, 95, 60, 42.7, 1, 0].map((seconds) => stoppingWords(seconds).replace("You will be reconnected.", "").trim());
  assert.deepEqual(said, [
    "The server will restart in 5 minutes.",
    "The server will restart in 2 minutes.",
    "The server will restart in a minute.",
    "The server will restart in 42 seconds.",
    "The server will restart in a second.",
    "The server is stopping.",
  ]);
});

test("a refusal to be let in again is said in the server's words", () => {
  assert.equal(endingWords(1000, "This room is full.").text, "This room is full.");
  assert.equal(endingWords(4003).action, "Continue here");
});

test("every close has its words", () => {
  for (const code of [1000, 1001, 1006, 1011, 4002, 4999]) assert.ok(endingWords(code).title && endingWords(code).text);
  assert.match(blockedWords(10000), /UDP and TCP port 10000\. Chat still works/);
  assert.equal(unreadWords(1), "1 unread message");
});

test("every device error says what to do", () => {
  for (const name of ["NotAllowedError", "NotFoundError", "NotReadableError", "OverconstrainedError", "TypeError"]) {
    const { title, advice } = problemWords("camera", problemOf(new DOMException("why", name)));
    assert.match(title, /camera/);
    assert.ok(advice.length > 20);
  }
  assert.match(problemWords("both", { kind: "insecure", detail: "" }).title, /HTTPS or localhost/);
});
