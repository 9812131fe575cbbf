/** The key to a stay, kept by the tab for the time after a crash. Storage may be full, forbidden or hold nonsense. */

/** @typedef {{token: string, name: string}} Stay */

/** @param {string} room */
const keyOf = (room) => `chatroom.stay.${room}`;

/**
 * @param {Pick<Storage, "getItem">} storage
 * @param {string} room
 * @returns {Stay | null}
 */
export function loadStay(storage, room) {
  try {
    const { token, name } = JSON.parse(storage.getItem(keyOf(room)) ?? "{}");
    return typeof token === "string" && typeof name === "string" && token ? { token, name } : null;
  } catch {
    return null;
  }
}

/**
 * @param {Pick<Storage, "setItem" | "removeItem">} storage
 * @param {string} room
 * @param {Stay | null} stay null when it is over
 */
export function keepStay(storage, room, stay) {
  try {
    if (stay) storage.setItem(keyOf(room), JSON.stringify(stay));
    else storage.removeItem(keyOf(room));
  } catch {
    // Without it, whoever crashes comes back as somebody new.
  }
}
