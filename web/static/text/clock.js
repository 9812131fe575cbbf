/** When something was said. */

/**
 * @param {number} at Unix seconds
 * @param {Date} now
 * @returns {string} "14:05", with the day before it if it was not today
 */
export function clock(at, now = new Date()) {
  const when = new Date(at * 1000);
  const time = `${two(when.getHours())}:${two(when.getMinutes())}`;
  if (when.toDateString() === now.toDateString()) return time;
  return `${when.toLocaleDateString(undefined, { day: "numeric", month: "short" })}, ${time}`;
}

/** @param {number} value */
const two = (value) => String(value).padStart(2, "0");
