import assert from "node:assert/strict";
import { test } from "node:test";

import { LAYERS, PLAIN_LAYERS } from "../../../web/static/rtc/sending.js";

test("each layer is larger than the one before, in lines and in bits", () => {
  for (const [index, layer] of LAYERS.entries()) {
    const smaller = LAYERS[index - 1];
    if (!smaller) continue;
    assert.ok(layer.scaleResolutionDownBy < smaller.scaleResolutionDownBy);
    assert.ok(layer.maxBitrate > smaller.maxBitrate);
  }
  assert.equal(LAYERS.at(-1)?.scaleResolutionDownBy, 1);
});

test("a browser that knows nothing of temporal layers is told nothing of them", () => {
  assert.deepEqual(PLAIN_LAYERS.map(({ rid }) => rid), LAYERS.map(({ rid }) => rid));
  for (const layer of PLAIN_LAYERS) assert.ok(!("scalabilityMode" in layer));
});
