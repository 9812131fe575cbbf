/** How large and how rich a picture is worth sending, by how many will see it side by side. Pure. */

/** @typedef {{scaleResolutionDownBy: number, maxBitrate: number, maxFramerate: number}} Encoding */

/**
 * Everyone gets the same picture, and shows it in a smaller tile the more people there are: what a tile cannot show would
 * only cost each receiver the link and the processor for all the others' pictures.
 * @type {readonly (readonly [upTo: number, encoding: Encoding])[]} of a camera's 1280×720
 */
const ENCODINGS = [
  [2, { scaleResolutionDownBy: 1, maxBitrate: 1_700_000, maxFramerate: 30 }],
  [4, { scaleResolutionDownBy: 1.5, maxBitrate: 900_000, maxFramerate: 30 }],
  [9, { scaleResolutionDownBy: 2, maxBitrate: 500_000, maxFramerate: 25 }],
  [Infinity, { scaleResolutionDownBy: 4, maxBitrate: 200_000, maxFramerate: 20 }],
];

/**
 * @param {number} people in the room, oneself included
 * @returns {Encoding}
 */
export function encodingFor(people) {
  const [, encoding] = ENCODINGS.find(([upTo]) => people <= upTo) ?? ENCODINGS[0] ?? [];
  if (!encoding) throw new RangeError(`no encoding for ${people} people`);
  return encoding;
}
