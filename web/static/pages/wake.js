/**
 * Keep the screen on during a call: a phone that dims stops the camera, and nobody touches it while listening.
 * @returns {() => void} lets it sleep again
 */
export function keepAwake() {
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  let over = false;

  async function hold() {
    if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
    // Low battery is a fine reason to refuse.
    lock = await navigator.wakeLock.request("screen").catch(() => null);
    if (over) await lock?.release();
  }

  // The browser takes the lock away whenever the page is hidden.
  document.addEventListener("visibilitychange", hold);
  void hold();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", hold);
    void lock?.release();
  };
}
