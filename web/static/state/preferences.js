/** What a person chose before, kept in the browser. Storage may be full, forbidden or hold nonsense; nothing breaks. */

/**
 * @typedef {object} Preferences
 * @property {string} name
 * @property {boolean} microphoneOn
 * @property {boolean} cameraOn
 * @property {boolean} shortcuts single letters switch things in the room
 * @property {boolean} muteHint the page says so to whoever talks while muted
 * @property {string} microphone a device id, "" for the browser's choice
 * @property {string} camera
 * @property {string} speaker
 */

const KEY = "chatroom.preferences";

/** @type {Readonly<Preferences>} */
const initial = Object.freeze({
  name: "",
  microphoneOn: true,
  cameraOn: true,
  shortcuts: true,
  muteHint: true,
  microphone: "",
  camera: "",
  speaker: "",
});

/**
 * @param {Pick<Storage, "getItem">} storage
 * @returns {Preferences}
 */
export function loadPreferences(storage) {
  const preferences = { ...initial };
  try {
    const kept = JSON.parse(storage.getItem(KEY) ?? "{}");
    for (const key of /** @type {(keyof Preferences)[]} */ (Object.keys(initial))) {
      if (typeof kept?.[key] === typeof initial[key]) Object.assign(preferences, { [key]: kept[key] });
    }
  } catch {
    // Unreadable is the same as never chosen.
  }
  return preferences;
}

/**
 * @param {Pick<Storage, "getItem" | "setItem">} storage
 * @param {Partial<Preferences>} changes
 */
export function savePreferences(storage, changes) {
  try {
    storage.setItem(KEY, JSON.stringify({ ...loadPreferences(storage), ...changes }));
  } catch {
    // A browser that keeps nothing still holds a meeting.
  }
}
