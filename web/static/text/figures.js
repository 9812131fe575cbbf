/** Figures in words that are short enough for a plot. Pure. */

/** @typedef {(value: number) => string} Unit */

/** @type {Unit} bits a second */
export const bitrate = (value) => {
  if (value >= 999_500) return `${significant(value / 1e6)} Mbit/s`;
  return `${Math.round(value / 1000)} kbit/s`;
};

/** @type {Unit} a share */
export const percent = (value) => `${value < 0.0995 ? Math.round(1000 * value) / 10 : Math.round(100 * value)} %`;

/** @type {Unit} seconds */
export const milliseconds = (value) => `${Math.round(1000 * value)} ms`;

/** @type {Unit} */
export const lines = (value) => `${value}p`;

/** @param {number} value */
const significant = (value) => (value < 10 ? value.toFixed(1) : String(Math.round(value)));

/**
 * The end of an axis: not lower than everything on it, and a round number.
 * @param {number} most
 * @param {number} least what the axis shows at least
 */
export function axisEnd(most, least) {
  const value = Math.max(most, least);
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 3, 5, 10].find((factor) => factor * power >= value * 0.999) ?? 10) * power;
}

/** @param {string} protocol @param {boolean} relayed */
export function wayWords(protocol, relayed) {
  if (!protocol) return "Nothing is connected just now.";
  return `Pictures and sound go over ${protocol.toUpperCase()}, ${relayed ? "through a relay" : "directly to the server"}.`;
}
