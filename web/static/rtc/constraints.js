/** What is asked of a microphone and a camera. */

/** @import { Source } from "../protocol/types.js" */

/**
 * A device that was chosen once and is not there today is only a wish: another one is better than none.
 * @param {Source} source
 * @param {string} device
 * @returns {MediaTrackConstraints}
 */
export function constraintsFor(source, device) {
  const wish = device ? { deviceId: { ideal: device } } : {};
  if (source === "microphone") {
    return { ...wish, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  }
  return { ...wish, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
}
