import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { FakeConnection, settled } from "./fake_rtc.js";

const { Legs } = await import("../../../web/static/rtc/legs.js");
const { Screens } = await import("../../../web/static/rtc/screens.js");
const { inStereo } = await import("../../../web/static/rtc/stereo.js");
const { SubscribeLeg } = await import("../../../web/static/rtc/subscribe_leg.js");
const { pictureOf, screensOf, sharingChange } = await import("../../../web/static/state/screens.js");
const { spotlight } = await import("../../../web/static/layout/spotlight.js");

beforeEach(() => FakeConnection.made.splice(0));

class Track extends EventTarget {
  readyState = "live";
  contentHint = "";
  /** @param {string} kind */
  constructor(kind) {
    super();
    this.kind = kind;
  }
  stop() {
    this.readyState = "ended";
  }
}

/** @param {string[]} kinds */
function streamOf(...kinds) {
  const tracks = kinds.map((kind) => new Track(kind));
  const of = (/** @type {string} */ kind) => tracks.filter((track) => track.kind === kind);
  return { getTracks: () => tracks, getVideoTracks: () => of("video"), getAudioTracks: () => of("audio") };
}

/** @param {(() => any)[]} answers of the person who is asked, one after the other */
function make(...answers) {
  const screens = new Screens(/** @type {any} */ ({ getDisplayMedia: async () => (answers.shift() ?? (() => streamOf("video")))() }));
  screens.limit = 2;
  let changes = 0;
  screens.on("change", () => (changes += 1));
  return { screens, changes: () => changes };
}

const no = (/** @type {string} */ name, message = "Permission denied") => () => {
  throw Object.assign(new Error(message), { name });
};

test("a screen is shared, as something to read, and stopped", async () => {
  const { screens, changes } = make(() => streamOf("video", "audio"));
  assert.equal(await screens.share(), null);
  const shared = screens.shared.get(1);
  assert.deepEqual([shared?.picture.contentHint, shared?.sound?.contentHint], ["detail", "music"]);
  await screens.share();
  assert.deepEqual([screens.numbers, screens.full], [[1, 2], true]);
  await screens.share();
  assert.equal(screens.shared.size, 2, "no more than the server allows");
  screens.stop(1);
  assert.deepEqual([shared?.picture.readyState, shared?.sound?.readyState], ["ended", "ended"]);
  await screens.share();
  assert.deepEqual(screens.numbers, [1, 2], "a number that is free is used again");
  assert.equal(changes(), 4);
});

test("the browser's own button ends it", async () => {
  const { screens } = make();
  await screens.share();
  screens.shared.get(1)?.picture.dispatchEvent(new Event("ended"));
  assert.deepEqual(screens.numbers, []);
});

test("to choose nothing is no error, and what fails is", async () => {
  const { screens, changes } = make(no("NotAllowedError"), no("NotAllowedError", "Permission denied by system"), no("NotReadableError"));
  assert.equal(await screens.share(), null);
  for (const _ of [1, 2]) assert.ok((await screens.share()) instanceof Error);
  assert.equal(changes(), 0);
});

test("where it cannot be done it is not offered", () => {
  for (const media of [undefined, {}]) {
    const screens = new Screens(/** @type {any} */ (media));
    screens.limit = 2;
    assert.equal(screens.possible, false);
  }
  const { screens } = make();
  assert.equal(screens.possible, true);
  screens.limit = 0;
  assert.equal(screens.possible, false);
});

test("whoever left while the browser asked shares nothing", async () => {
  const stream = streamOf("video", "audio");
  const { screens } = make(() => stream);
  const sharing = screens.share();
  screens.close();
  await sharing;
  assert.ok(stream.getTracks().every(({ readyState }) => readyState === "ended"));
  assert.equal(screens.shared.size, 0);
});

/** @param {(tracks: Record<string, string>) => Promise<string>} [publish] */
function published(publish = async () => "answer") {
  /** @type {string[][]} */
  const offers = [];
  const legs = new Legs({
    publish: (offer) => {
      offers.push(Object.values(offer.tracks));
      return publish(offer.tracks);
    },
    answer: async () => {},
    restart: async () => {},
  }, Date.now);
  return { legs, offers };
}

const off = { microphone: null, camera: null };
const DEVICES = ["microphone", "camera"];
const shared = (sound = false) => Object.freeze({ picture: /** @type {any} */ (new Track("video")), sound: sound ? /** @type {any} */ (new Track("audio")) : null });

test("sharing and stopping are offers on the same connection, one at a time", async () => {
  const { legs, offers } = published();
  await legs.start(off);
  const one = shared(true);
  legs.share(new Map([[1, one]]));
  await settled();
  legs.share(new Map([[1, one], [2, shared()]]));
  await settled();
  legs.share(new Map());
  await settled();
  assert.deepEqual(offers, [
    DEVICES,
    [...DEVICES, "screen:1", "screen_sound:1"],
    [...DEVICES, "screen:1", "screen_sound:1", "screen:2"],
    DEVICES,
  ]);
  assert.equal(FakeConnection.made.length, 1);
  legs.close();
});

test("another screen in place of one takes its lines only after they were given back", async () => {
  const { legs, offers } = published();
  await legs.start(off);
  for (let times = 0; times < 5; times++) {
    legs.share(new Map([[1, shared(true)], [2, shared(true)]]));
    await settled();
  }
  assert.deepEqual(offers.slice(2, 4).map(({ length }) => length), [2, 6], "out, and in");
  assert.ok((FakeConnection.made[0]?.mostLines ?? 99) <= 8);
  legs.close();
});

test("what was shared while nothing could be said is offered after the return", async () => {
  /** @type {((error: Error) => void) | null} */
  let lose = null;
  let silent = false;
  const { legs, offers } = published(() => (silent ? new Promise((_, reject) => (lose = reject)) : Promise.resolve("answer")));
  await legs.start(off);
  legs.pause();
  legs.share(new Map([[1, shared()]]));
  await settled();
  assert.equal(offers.length, 1);
  silent = true;
  legs.resume({ media: true, anew: false });
  await settled();
  legs.pause();
  /** @type {any} */ (lose)(Object.assign(new Error("gone"), { code: "not_answered" }));
  legs.share(new Map());
  await settled();
  silent = false;
  legs.resume({ media: true, anew: false });
  await settled();
  const screen = [...DEVICES, "screen:1"];
  assert.deepEqual(offers, [DEVICES, screen, screen, DEVICES], "the same once more, and then what is so");
  legs.close();
});

test("after another media worker screens are published again", async () => {
  const { legs, offers } = published();
  await legs.start(off);
  legs.share(new Map([[1, shared()]]));
  await settled();
  legs.lose();
  await legs.restore();
  await settled();
  assert.deepEqual(offers.at(-1), [...DEVICES, "screen:1"]);
  assert.equal(FakeConnection.made.length, 2);
  legs.close();
});

test("a screen and its sound belong together where they arrive", async () => {
  const leg = new SubscribeLeg(async () => {});
  const tracks = {
    0: { participant: "a", source: "screen_sound:3" },
    1: { participant: "a", source: "screen:3" },
    3: { participant: "a", source: "hologram:1" },
  };
  leg.receive({ type: "offer", offer: 1, sdp: JSON.stringify(Object.keys(tracks)), tracks });
  await settled();
  for (const mid of ["0", "1", "3"]) FakeConnection.made[0]?.arrive(mid);
  const own = leg.tracks.get("a");
  assert.deepEqual([...(own?.screens.keys() ?? [])], [3]);
  assert.deepEqual([own?.screens.get(3)?.picture?.kind, own?.screens.get(3)?.sound?.kind], ["video", "audio"]);
  leg.close();
});

test("both sides are asked for where a track has them, and nowhere else", () => {
  const section = (/** @type {string} */ mid) => `m=audio 9 X 111\r\na=mid:${mid}\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\n`;
  const sdp = `v=0\r\n${section("0")}${section("1")}`;
  assert.equal(inStereo(sdp, new Set()), sdp);
  const stereo = inStereo(sdp, new Set(["1"]));
  assert.equal(stereo, `v=0\r\n${section("0")}${section("1").replace("minptime=10", "minptime=10;stereo=1")}`);
  assert.equal(inStereo(stereo, new Set(["1"])), stereo);
});

const person = (/** @type {string} */ id, /** @type {number[]} */ screens, own = false) => ({
  id, name: id.toUpperCase(), label: "", own, microphone: true, camera: true, reconnecting: false, screens,
});

test("screens are named after whose they are", () => {
  assert.equal(pictureOf("a", "camera"), "a");
  const found = screensOf([person("a", [1], true), person("b", [2]), person("c", [1, 3])]);
  assert.deepEqual(found.map(({ picture, label }) => [picture, label]), [
    ["b/screen:2", "B's screen"],
    ["c/screen:1", "C's screen 1"],
    ["c/screen:3", "C's screen 2"],
  ]);
});

test("what became of someone's screens", () => {
  const room = (/** @type {number[]} */ screens) => /** @type {any} */ ({ participants: [{ id: "a", screens }] });
  assert.equal(sharingChange(room([]), room([1]), "a"), "more");
  assert.equal(sharingChange(room([1, 2]), room([2]), "a"), "fewer");
  assert.equal(sharingChange(room([1]), room([]), "a"), "none");
  assert.equal(sharingChange(room([1]), room([2]), "a"), null);
  assert.equal(sharingChange(null, room([1]), "a"), "more");
});

const stages = [[1256, 670], [1000, 640], [374, 700], [770, 330], [320, 120], [2000, 700]];

test("screens are larger than people, and nobody is out of the stage or over another", () => {
  for (const [width = 0, height = 0] of stages) {
    for (const shapes of [[16 / 9], [4 / 3], [0.5], [16 / 9, 16 / 9], [16 / 9, 0.6, 2]]) {
      for (let people = 0; people <= 20; people++) {
        const { screens, people: faces } = spotlight(shapes, people, width, height, 10);
        assert.deepEqual([screens.length, faces.length], [shapes.length, people]);
        const boxes = [...screens, ...faces];
        boxes.forEach((box, index) => {
          const where = `${people} beside ${shapes.length} on ${width}×${height}: ${JSON.stringify(box)}`;
          assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height, where);
          for (const other of boxes.slice(0, index)) {
            const apart = box.x + box.width <= other.x || other.x + other.width <= box.x || box.y + box.height <= other.y || other.y + other.height <= box.y;
            assert.ok(apart, where);
          }
        });
        const [screen, face] = [screens[0], faces[0]];
        if (shapes.length === 1 && screen && face) assert.ok(screen.width * screen.height > face.width * face.height, `${people} on ${width}×${height}`);
      }
    }
  }
});

test("a screen keeps its shape", () => {
  const { screens: [box] } = spotlight([16 / 10], 3, 1256, 670, 10);
  assert.ok(box && Math.abs(box.width / box.height - 1.6) < 0.01 && box.width > 1000);
});
