/** How figures and places are written. */

/**
 * @typedef {object} Place
 * @property {string} file
 * @property {number} line
 * @property {string} function
 */

/** @param {number} seconds @returns {string} such as `0.4 s`, `12 s`, `3 min`, `5.2 h`, `3.1 d` */
export function duration(seconds) {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${(seconds / 3_600).toFixed(1)} h`;
  return `${(seconds / 86_400).toFixed(1)} d`;
}

/** @param {number} bytes @returns {string} */
export function octets(bytes) {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** @param {number} part of one core @returns {string} */
export function percent(part) {
  const percents = part * 100;
  if (percents > 0 && percents < 0.01) return "< 0.01 %";
  return `${percents.toFixed(percents < 1 ? 2 : 1)} %`;
}

/** @param {number} rate per second @returns {string} */
export function perSecond(rate) {
  return `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} /s`;
}

/** @param {Place | null} place @returns {string} */
export function where(place) {
  return place === null ? "" : `${place.file}:${place.line} ${place.function}`;
}

/**
 * What of a task's name its parent's does not say already.
 * @param {string} name
 * @param {string} [parent]
 */
export function shortName(name, parent = "") {
  const short = parent && name.startsWith(`${parent}/`) ? name.slice(parent.length + 1) : name.slice(name.lastIndexOf("/") + 1);
  return short.replace(/^(participant:[0-9a-f]{6})[0-9a-f]{4,}$/, "$1…");
}

/** @param {number} at Unix seconds @returns {string} the time of the day */
export function clock(at) {
  return new Date(at * 1_000).toTimeString().slice(0, 8);
}
