/** The browser's storage, or a stand-in for this page's life where it is forbidden. */

/** @returns {Storage} */
export function pageStorage() {
  try {
    return window.localStorage;
  } catch {
    return new FleetingStorage();
  }
}

/** What this tab keeps for itself, over a reload and a crash. @returns {Storage} */
export function tabStorage() {
  try {
    return window.sessionStorage;
  } catch {
    return new FleetingStorage();
  }
}

/** @implements {Storage} */
class FleetingStorage {
  /** @type {Map<string, string>} */
  #kept = new Map();

  get length() {
    return this.#kept.size;
  }

  /** @param {number} index */
  key(index) {
    return [...this.#kept.keys()][index] ?? null;
  }

  /** @param {string} key */
  getItem(key) {
    return this.#kept.get(key) ?? null;
  }

  /** @param {string} key @param {string} value */
  setItem(key, value) {
    this.#kept.set(key, value);
  }

  /** @param {string} key */
  removeItem(key) {
    this.#kept.delete(key);
  }

  clear() {
    this.#kept.clear();
  }
}
