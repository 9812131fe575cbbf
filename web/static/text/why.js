/** Why somebody is not heard or seen, in words. */

/** @typedef {{id: string, name: string, own: boolean, screens: readonly number[]}} Someone */
/** @typedef {{value: string, text: string}} Choice */

/** @param {Someone} about @returns {string} */
export const whyTitle = (about) => (about.own ? "Why can they not hear or see me?" : `Why can’t I hear or see ${about.name}?`);

/**
 * What may be wrong between two: `<direction>:<kind>`, where direction is "from" them to oneself or "to" them.
 * @param {Someone} about @param {Someone} you
 * @returns {Choice[]}
 */
export function whyChoices(about, you) {
  const from = [
    { value: "from:audio", text: `I do not hear ${about.name}` },
    { value: "from:video", text: `I do not see ${about.name}` },
  ];
  if (about.screens.length > 0) from.push({ value: "from:screen", text: `I do not see what ${about.name} shares` });
  const to = [
    { value: "to:audio", text: `${about.name} does not hear me` },
    { value: "to:video", text: `${about.name} does not see me` },
  ];
  if (you.screens.length > 0) to.push({ value: "to:screen", text: `${about.name} does not see what I share` });
  return [...from, ...to];
}

/** @type {Record<"ok" | "poor" | "broken" | "follows" | "unknown", {mark: string, says: string}>} */
export const hopWords = {
  ok: { mark: "✓", says: "works" },
  poor: { mark: "!", says: "works badly" },
  broken: { mark: "✗", says: "does not work" },
  follows: { mark: "↳", says: "follows from the above" },
  unknown: { mark: "?", says: "not known" },
};
