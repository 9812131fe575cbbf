/** Who shares which screens. Pure. */

/** @import { Person, RoomState } from "./room.js" */

/**
 * The name of a picture: a person's own is named as they are.
 * @param {string} participant
 * @param {string} source
 */
export const pictureOf = (participant, source) => (source.startsWith("screen:") ? `${participant}/${source}` : participant);

/**
 * @typedef {object} SharedScreen
 * @property {string} picture
 * @property {string} participant
 * @property {number} number
 * @property {string} name whose it is
 * @property {string} label
 */

/**
 * The screens of the others, in the order in which the people joined. One's own is known already.
 * @param {readonly Person[]} people
 * @returns {SharedScreen[]}
 */
export function screensOf(people) {
  return people.filter(({ own }) => !own).flatMap(({ id, name, screens }) => screens.map((number, index) => ({
    picture: pictureOf(id, `screen:${number}`),
    participant: id,
    number,
    name,
    label: screens.length > 1 ? `${name}'s screen ${index + 1}` : `${name}'s screen`,
  })));
}

/**
 * @param {RoomState | null} before
 * @param {RoomState} after
 * @param {string} id
 * @returns {"more" | "fewer" | "none" | null} what became of someone's screens
 */
export function sharingChange(before, after, id) {
  const count = (/** @type {RoomState | null} */ state) => state?.participants.find((each) => each.id === id)?.screens.length ?? 0;
  const [was, is] = [count(before), count(after)];
  if (is > was) return "more";
  if (is === was) return null;
  return is === 0 ? "none" : "fewer";
}
