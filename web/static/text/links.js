/** Finds web addresses in a message. What becomes of them is for the component that shows them. */

/** @typedef {{text: string, href: string | null}} Segment */

const candidate = /https?:\/\/[^\s<>"“”«»]+/giu;

/**
 * @param {string} text
 * @returns {Segment[]} the whole text, in order
 */
export function segments(text) {
  /** @type {Segment[]} */
  const found = [];
  let end = 0;
  for (const match of text.matchAll(candidate)) {
    const address = withoutTrailing(match[0]);
    const href = safeHref(address);
    if (href === null) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index), href: null });
    found.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) found.push({ text: text.slice(end), href: null });
  return found;
}

/**
 * The full stop behind an address ends the sentence, and a bracket belongs to it only if it was opened in it.
 * @param {string} address
 */
function withoutTrailing(address) {
  let kept = address.replace(/[.,;:!?'’…]+$/u, "");
  while (kept.endsWith(")") && count(kept, ")") > count(kept, "(")) kept = kept.slice(0, -1).replace(/[.,;:!?'’…]+$/u, "");
  return kept;
}

/** @param {string} text @param {string} char */
const count = (text, char) => text.split(char).length - 1;

/** @param {string} address */
function safeHref(address) {
  try {
    const url = new URL(address);
    return (url.protocol === "https:" || url.protocol === "http:") && url.hostname !== "" ? url.href : null;
  } catch {
    return null;
  }
}
