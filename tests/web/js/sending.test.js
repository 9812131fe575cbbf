import assert from "node:assert/strict";
import { test } from "node:test";

import { encodingFor } from "../../../web/static/rtc/sending.js";

test("the more people, the smaller the picture, and never the other way", () => {
  let before = encodingFor(1);
  assert.equal(before.scaleResolutionDownBy, 1);
  for (let people = 2; people <= 40; people++) {
    const now = encodingFor(people);
    assert.ok(now.scaleResolutionDownBy >= before.scaleResolutionDownBy, `${people} people`);
    assert.ok(now.maxBitrate <= before.maxBitrate, `${people} people`);
    before = now;
  }
});

test("what a full room of twelve sends to each fits an ordinary link", () => {
  for (let people = 2; people <= 12; people++) {
    assert.ok((people - 1) * encodingFor(people).maxBitrate < 5_000_000, `${people} people`);
  }
});
