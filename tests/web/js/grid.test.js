import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange } from "../../../web/static/layout/grid.js";

const stages = { desktop: [1416, 770], laptop: [1000, 640], "with chat": [1030, 770], upright: [374, 660], "on its side": [770, 340], sliver: [320, 120] };

for (const [name, [width = 0, height = 0]] of Object.entries(stages)) {
  test(`everybody fits on a stage that is ${name}`, () => {
    for (let count = 1; count <= 30; count++) {
      const boxes = arrange(count, width, height, 10);
      assert.equal(boxes.length, count);
      boxes.forEach((box, index) => {
        assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height, `${count}: ${JSON.stringify(box)}`);
        for (const other of boxes.slice(0, index)) assert.ok(apart(box, other), `${count}: two overlap`);
        assert.deepEqual([box.width, box.height], [boxes[0]?.width, boxes[0]?.height], "all are of one size");
      });
    }
  });
}

test("pictures keep a shape that suits faces", () => {
  for (const [width = 0, height = 0] of Object.values(stages)) {
    for (let count = 1; count <= 12; count++) {
      const [box] = arrange(count, width, height, 10);
      const shape = box ? box.width / box.height : 0;
      assert.ok(shape > 0.72 && shape < 1.85, `${count} on ${width}×${height}: ${shape}`);
    }
  }
});

test("two are beside each other on a wide stage and stacked on an upright one", () => {
  const [a, b] = arrange(2, 1416, 770, 10);
  assert.equal(a?.y, b?.y);
  const [c, d] = arrange(2, 374, 660, 10);
  assert.equal(c?.x, d?.x);
});

test("the last row is centred", () => {
  const boxes = arrange(5, 1416, 770, 10);
  const last = boxes.filter(({ y }) => y === boxes[4]?.y);
  const [left, right] = [last[0]?.x ?? 0, (last.at(-1)?.x ?? 0) + (last.at(-1)?.width ?? 0)];
  assert.ok(last.length === 2 && Math.abs(left - (1416 - right)) <= 1);
});

test("one more person hardly ever makes the pictures larger", () => {
  for (const [width = 0, height = 0] of Object.values(stages)) {
    let before = Infinity;
    for (let count = 1; count <= 16; count++) {
      const [box] = arrange(count, width, height, 10);
      const area = (box?.width ?? 0) * (box?.height ?? 0);
      assert.ok(area <= before * 1.15, `${count} on ${width}×${height}`);
      before = area;
    }
  }
});

test("no room is no layout", () => {
  assert.deepEqual(arrange(3, 0, 500, 10), []);
  assert.deepEqual(arrange(0, 500, 500, 10), []);
});

/**
 * @param {import("../../../web/static/layout/grid.js").Box} a
 * @param {import("../../../web/static/layout/grid.js").Box} b
 */
function apart(a, b) {
  return a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
}
