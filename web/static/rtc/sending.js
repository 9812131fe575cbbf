/** The sizes in which pictures are sent: a camera's in several at a time, for small tiles and large ones, slow links and fast ones. Pure. */

/** @typedef {{rid: string, scaleResolutionDownBy: number, maxBitrate: number, scalabilityMode?: string}} Layer */

/**
 * Of a camera's 1280×720, the smallest first. Three temporal layers in each, of which the server can leave some out.
 * @type {readonly Layer[]}
 */
export const LAYERS = [
  { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: "L1T3" },
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: "L1T3" },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 1_700_000, scalabilityMode: "L1T3" },
];

/**
 * A screen, in one size, as large as it is.
 * @type {Omit<Layer, "rid" | "scaleResolutionDownBy"> & {maxFramerate: number}}
 */
export const SCREEN = { maxBitrate: 2_500_000, maxFramerate: 15, scalabilityMode: "L1T3" };
export const SCREEN_SOUND = { maxBitrate: 128_000 };

/** Layers for a browser that cannot be told of temporal ones. */
export const PLAIN_LAYERS = LAYERS.map(({ scalabilityMode: _, ...layer }) => layer);

/** Bits a second. */
const STIR = 1_000;

/**
 * What a layer may take from now on: a little more than before, or a little less again. When that changes Chromium looks
 * whether more fits, if it sends less than it could.
 * @param {string} rid
 * @param {number | undefined} before
 */
export function stirred(rid, before) {
  const most = LAYERS.find((layer) => layer.rid === rid)?.maxBitrate;
  return most !== undefined && before === most ? most + STIR : most;
}
