/**
 * Listen for a component's own event, and get what it tells.
 * @template T
 * @param {EventTarget} target
 * @param {string} type
 * @param {(detail: T) => void} listener
 */
export function heard(target, type, listener) {
  target.addEventListener(type, (event) => listener(/** @type {CustomEvent<T>} */ (event).detail));
}
