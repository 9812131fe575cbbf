/** Who is shown where not everyone has room: those who spoke last, and nobody moves who is shown already. Pure. */

/** @import { Box } from "./grid.js" */

/** Pixels: in a smaller tile nobody is recognised. */
export const NARROWEST = 88;
export const LOWEST = 64;

/**
 * @param {(count: number) => readonly Box[]} arrange gives the tiles of so many
 * @param {number} count
 * @returns {number} how many tiles there is room for: all of them or fewer, but one
 */
export function capacity(arrange, count) {
  for (let fits = count; fits > 1; fits--) {
    const [box] = arrange(fits);
    if (!box || (box.width >= NARROWEST && box.height >= LOWEST)) return fits;
  }
  return Math.min(count, 1);
}

export class Crowd {
  /** @type {readonly string[]} */
  #shown = [];

  /**
   * @param {readonly string[]} everyone in the order in which they are shown where there is room
   * @param {readonly string[]} recent those who spoke, who did last is first
   * @param {number} places
   * @returns {readonly string[]} who is shown, in the order of the tiles
   */
  choose(everyone, recent, places) {
    this.#shown = everyone.length <= places ? everyone : choose(this.#shown, everyone, recent, places);
    return this.#shown;
  }
}

/**
 * @param {readonly string[]} before
 * @param {readonly string[]} everyone
 * @param {readonly string[]} recent
 * @param {number} places
 */
function choose(before, everyone, recent, places) {
  // Whoever never spoke comes after those who did, in the usual order.
  const ranks = new Map([...new Set([...recent, ...everyone])].map((id, rank) => [id, rank]));
  const rank = (/** @type {string} */ id) => ranks.get(id) ?? Infinity;
  const best = new Set([...everyone].sort((a, b) => rank(a) - rank(b)).slice(0, places));
  if (before.length === 0) return everyone.filter((id) => best.has(id));
  const spoke = new Set(recent);
  const present = new Set(everyone);
  const shown = before.filter((id) => present.has(id));
  while (shown.length > places) shown.splice(shown.indexOf(last(shown, rank)), 1);
  for (const id of best) {
    if (shown.includes(id)) continue;
    if (shown.length < places) shown.push(id);
    // In the place of whoever spoke longest ago: all others stay where they are.
    else if (spoke.has(id)) shown[shown.indexOf(last(shown, rank))] = id;
  }
  return shown;
}

/** @param {readonly string[]} ids @param {(id: string) => number} rank */
const last = (ids, rank) => ids.reduce((worst, id) => (rank(id) > rank(worst) ? id : worst));
