/** A person's name: whether it may be used, and what stands for it where there is no picture. */

export const NAME_LENGTH = 64;

// Controls, lone surrogates, line breaks, and what turns the direction of the text around it.
const forbidden = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/**
 * @param {string} name
 * @returns {string | null} what is wrong with it, for the person; null if it is fine
 */
export function nameProblem(name) {
  const trimmed = name.trim();
  if (trimmed === "") return "Enter a name, so that the others know who you are.";
  if ([...trimmed].length > NAME_LENGTH) return `That name is too long: ${NAME_LENGTH} characters at most.`;
  if (forbidden.test(trimmed)) return "That name has a character in it that cannot be shown. Please type it anew.";
  return null;
}

/**
 * @param {string} name
 * @returns {string} one or two letters
 */
export function initials(name) {
  const words = name.trim().split(/\s+/u).map((word) => word.replace(/^[^\p{L}\p{N}]+/u, ""));
  const letters = words.filter(Boolean).map(firstLetter);
  const shown = letters.length > 1 ? [letters[0], letters.at(-1)] : letters;
  return shown.join("").toLocaleUpperCase() || (/\p{Extended_Pictographic}|\p{Regional_Indicator}/u.test(name) ? firstLetter(name.trim()) : "?");
}

/** @param {string} word */
function firstLetter(word) {
  const [first] = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(word);
  return first?.segment ?? "";
}

// Hues far enough apart to tell, all of which carry white letters at the lightness the stylesheet gives them.
const hues = [12, 32, 95, 150, 172, 196, 215, 238, 265, 292, 322, 345];

/**
 * The same name has the same colour in every browser.
 * @param {string} name
 * @returns {number} a hue in degrees
 */
export function hueOf(name) {
  let hash = 2166136261;
  for (const char of name.normalize("NFKC")) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16777619);
  return hues[(hash >>> 0) % hues.length] ?? 215;
}
