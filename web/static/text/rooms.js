/** Names of rooms: suggested, and made fit for a link from whatever was typed. */

const moods = [
  "amber", "brave", "bright", "calm", "clear", "cosy", "early", "fair", "gentle", "golden", "green", "happy", "honest",
  "kind", "light", "lucky", "mellow", "merry", "nimble", "open", "patient", "plain", "quick", "quiet", "ready", "round",
  "silver", "slow", "small", "snowy", "soft", "steady", "sunny", "tidy", "warm", "wide", "wise", "young",
];

const things = [
  "acorn", "anchor", "badger", "beacon", "birch", "brook", "cedar", "clover", "comet", "dune", "falcon", "fern",
  "finch", "garden", "harbour", "hazel", "heron", "island", "kettle", "lantern", "lark", "maple", "meadow", "otter",
  "pebble", "pine", "plum", "puffin", "river", "robin", "sparrow", "stone", "swift", "thistle", "valley", "willow",
];

export const ROOM_LENGTH = 64;

/**
 * @param {(limit: number) => number} pick a whole number from 0 up to, not with, the limit
 * @returns {string} such as "quiet-otter-42"
 */
export function suggestRoom(pick = pickAtRandom) {
  return `${moods[pick(moods.length)]}-${things[pick(things.length)]}-${10 + pick(90)}`;
}

/**
 * Letters, digits and marks of any script stay, everything else becomes a hyphen: "Team Standup" → "team-standup".
 * @param {string} typed
 * @returns {string} "" where nothing of it can be in a name
 */
export function slug(typed) {
  const words = typed.normalize("NFKC").toLowerCase().normalize("NFKC").replace(/['’]/gu, "");
  const joined = words.replace(/[^\p{L}\p{N}\p{M}_-]+/gu, "-").replace(/-{2,}/g, "-").replace(/^-+/, "");
  return [...joined].slice(0, ROOM_LENGTH).join("").replace(/-+$/, "");
}

/** @param {string} room */
export const roomPath = (room) => `/r/${encodeURIComponent(room)}`;

/**
 * @param {string} path such as "/r/quiet-otter-42"
 * @returns {string} the room's name as it stands in the link; "" if the link is broken
 */
export function roomOfPath(path) {
  const [, , name = ""] = path.split("/");
  try {
    return decodeURIComponent(name);
  } catch {
    return "";
  }
}

/** @param {number} limit */
function pickAtRandom(limit) {
  const [drawn = 0] = crypto.getRandomValues(new Uint32Array(1));
  return drawn % limit;
}
