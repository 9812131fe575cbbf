/** Where the pictures go while somebody shares a screen: the screen as large as it can be, the people in a strip. Pure. */

import { arrange } from "./grid.js";

/** @import { Box } from "./grid.js" */

/** @param {number} least @param {number} value @param {number} most */
const clamp = (least, value, most) => Math.min(Math.max(value, least), most);

/**
 * The strip is beside or below, whichever leaves more to the screens. It gets what they do not need, but nobody's face is
 * larger than what everybody looks at.
 * @param {readonly number[]} shapes width by height of each screen
 * @param {number} people
 * @param {number} width of the stage, in pixels
 * @param {number} height
 * @param {number} gap between tiles
 * @returns {{screens: Box[], people: Box[]}}
 */
export function spotlight(shapes, people, width, height, gap) {
  if (width < 1 || height < 1) return { screens: [], people: [] };
  if (people === 0) return { screens: centred(pack(shapes, width, height, gap), width, height), people: [] };
  const beside = pack(shapes, width - clamp(96, width * 0.17, 240) - gap, height, gap);
  const below = pack(shapes, width, height - clamp(72, height * 0.22, 180) - gap, gap);
  const most = people > 2 ? 1.8 : 0.9;
  if (beside.area >= below.area) {
    const strip = Math.min(width - beside.width - gap, beside.width * most * 0.5);
    const left = Math.floor((width - beside.width - gap - strip) / 2);
    return {
      screens: moved(centred(beside, beside.width, height), left, 0),
      people: moved(arrange(people, strip, height, gap), left + beside.width + gap, 0),
    };
  }
  const strip = Math.min(height - below.height - gap, below.height * most);
  const top = Math.floor((height - below.height - gap - strip) / 2);
  return {
    screens: moved(centred(below, width, below.height), 0, top),
    people: moved(arrange(people, width, strip, gap), 0, top + below.height + gap),
  };
}

/**
 * Screens side by side, one above the other, or both; none is cropped, so each has its own shape.
 * @param {readonly number[]} shapes
 * @param {number} width
 * @param {number} height
 * @param {number} gap
 */
function pack(shapes, width, height, gap) {
  let best = { boxes: /** @type {Box[]} */ ([]), width: 0, height: 0, area: -1 };
  for (let columns = 1; columns <= shapes.length; columns++) {
    const rows = Math.ceil(shapes.length / columns);
    const cell = { width: (width - gap * (columns - 1)) / columns, height: (height - gap * (rows - 1)) / rows };
    const sizes = shapes.map((shape) => {
      const fitted = Math.max(1, Math.min(cell.width, cell.height * shape));
      return { width: Math.floor(fitted), height: Math.max(1, Math.floor(fitted / shape)) };
    });
    const area = sizes.reduce((sum, size) => sum + size.width * size.height, 0);
    if (area <= best.area) continue;
    const used = { width: Math.max(...sizes.map((size) => size.width)), height: Math.max(...sizes.map((size) => size.height)) };
    const boxes = sizes.map((size, index) => ({
      x: Math.floor((index % columns) * (used.width + gap) + (used.width - size.width) / 2),
      y: Math.floor(Math.floor(index / columns) * (used.height + gap) + (used.height - size.height) / 2),
      ...size,
    }));
    best = { boxes, width: columns * (used.width + gap) - gap, height: rows * (used.height + gap) - gap, area };
  }
  return best;
}

/** @param {{boxes: Box[], width: number, height: number}} packed @param {number} width @param {number} height */
const centred = (packed, width, height) =>
  moved(packed.boxes, Math.floor((width - packed.width) / 2), Math.floor((height - packed.height) / 2));

/** @param {Box[]} boxes @param {number} x @param {number} y @returns {Box[]} */
const moved = (boxes, x, y) => boxes.map((box) => ({ ...box, x: box.x + x, y: box.y + y }));
