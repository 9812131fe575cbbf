/** Where the pictures go: as large as they can be in the room there is, without scrolling. Pure. */

/** @typedef {{x: number, y: number, width: number, height: number}} Box */

const WIDEST = 16 / 9;

/** How upright a stage is from which on tiles become narrower, and at which they are as narrow as they get. */
const [WIDE, UPRIGHT] = [0.85, 1.1];

/**
 * Tiles are cropped a little rather than left small: to 4:3 on a wide stage, to 3:4 on an upright one, where faces fit.
 * @param {number} width
 * @param {number} height
 */
function narrowest(width, height) {
  const upright = Math.min(1, Math.max(0, (height / width - WIDE) / (UPRIGHT - WIDE)));
  return 4 / 3 + upright * (3 / 4 - 4 / 3);
}

/**
 * @param {number} count
 * @param {number} width of the stage, in pixels
 * @param {number} height
 * @param {number} gap between tiles
 * @returns {Box[]} one for each tile, in reading order, the last row centred
 */
export function arrange(count, width, height, gap) {
  if (count < 1 || width < 1 || height < 1) return [];
  const { columns, rows, tile } = bestShape(count, width, height, gap);
  const top = (height - rows * tile.height - (rows - 1) * gap) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = row < rows - 1 ? columns : count - columns * (rows - 1);
    const left = (width - inRow * tile.width - (inRow - 1) * gap) / 2;
    const column = index % columns;
    return {
      x: Math.floor(left + column * (tile.width + gap)),
      y: Math.floor(top + row * (tile.height + gap)),
      width: tile.width,
      height: tile.height,
    };
  });
}

/**
 * @param {number} count
 * @param {number} width
 * @param {number} height
 * @param {number} gap
 */
function bestShape(count, width, height, gap) {
  const narrow = narrowest(width, height);
  let best = { columns: 1, rows: count, tile: { width: 0, height: 0 } };
  let bestScore = -1;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const tile = fit((width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows, narrow);
    // A large tile is good, and so is a large face in it: a picture that fills a tall tile is scaled by the height.
    const scale = Math.max(tile.width / WIDEST, tile.height);
    // Of two shapes that are nearly as good, the one with fewer holes in its last row looks calmer.
    const score = tile.width * tile.height * scale ** 2 * (1 - 0.02 * (columns * rows - count));
    if (score > bestScore) [best, bestScore] = [{ columns, rows, tile }, score];
  }
  return best;
}

/**
 * The largest tile of an allowed shape in a cell.
 * @param {number} width
 * @param {number} height
 * @param {number} narrow
 */
function fit(width, height, narrow) {
  const cell = { width: Math.max(width, 1), height: Math.max(height, 1) };
  const shape = Math.min(Math.max(cell.width / cell.height, narrow), WIDEST);
  const fitted = Math.min(cell.width, cell.height * shape);
  return { width: Math.floor(fitted), height: Math.floor(fitted / shape) };
}
