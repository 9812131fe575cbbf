/** The transceivers of the publish connection, and how each kind of picture is to be sent. */

import { LAYERS, PLAIN_LAYERS, SCREEN, SCREEN_SOUND } from "./sending.js";

/**
 * @param {RTCPeerConnection} connection
 * @param {MediaStream[]} streams
 */
export function addCamera(connection, streams) {
  const transceiver = add(connection, "video", streams, [...LAYERS], [...PLAIN_LAYERS]);
  forwarded(transceiver);
  return transceiver;
}

/**
 * @param {RTCPeerConnection} connection
 * @param {MediaStreamTrack} track
 * @param {MediaStream[]} streams
 */
export function addScreen(connection, track, streams) {
  const { scalabilityMode: _, ...plain } = SCREEN;
  const transceiver = add(connection, track, streams, [SCREEN], [plain]);
  forwarded(transceiver);
  return transceiver;
}

/**
 * @param {RTCPeerConnection} connection
 * @param {MediaStreamTrack} track
 * @param {MediaStream[]} streams
 */
export function addScreenSound(connection, track, streams) {
  return connection.addTransceiver(track, { direction: "sendonly", streams, sendEncodings: [SCREEN_SOUND] });
}

/**
 * Let quality and smoothness go down together, where the browser can be told.
 * @param {RTCRtpSender} sender
 */
export const balance = (sender) => prefer(sender, "balanced");

/**
 * What is read stays sharp, and moves less.
 * @param {RTCRtpSender} sender
 */
export const sharpen = (sender) => prefer(sender, "maintain-resolution");

/**
 * @param {RTCPeerConnection} connection
 * @param {MediaStreamTrack | string} what
 * @param {MediaStream[]} streams
 * @param {RTCRtpEncodingParameters[]} encodings
 * @param {RTCRtpEncodingParameters[]} plain for a browser that cannot be told of temporal layers
 */
function add(connection, what, streams, encodings, plain) {
  try {
    return connection.addTransceiver(what, { direction: "sendonly", streams, sendEncodings: encodings });
  } catch {
    return connection.addTransceiver(what, { direction: "sendonly", streams, sendEncodings: plain });
  }
}

/**
 * Offer what the server forwards, in that form, and nothing else: a short offer is read sooner. Which it is to be the
 * server says.
 * @param {RTCRtpTransceiver} transceiver
 */
function forwarded(transceiver) {
  const known = RTCRtpSender.getCapabilities?.("video")?.codecs ?? [];
  const wanted = known.filter(isForwarded);
  if (wanted.some(({ mimeType }) => !/rtx/i.test(mimeType))) transceiver.setCodecPreferences?.(wanted);
}

/** @param {{mimeType: string, sdpFmtpLine?: string}} codec */
function isForwarded({ mimeType, sdpFmtpLine = "" }) {
  if (/^video\/(vp8|rtx|av1)$/i.test(mimeType)) return true;
  if (/^video\/vp9$/i.test(mimeType)) return !/profile-id=[1-9]/.test(sdpFmtpLine);
  return /^video\/h264$/i.test(mimeType) && /packetization-mode=1/.test(sdpFmtpLine) && /profile-level-id=42[ef]0/i.test(sdpFmtpLine);
}

/** @param {RTCRtpSender} sender @param {RTCDegradationPreference} degradationPreference */
async function prefer(sender, degradationPreference) {
  try {
    await sender.setParameters({ ...sender.getParameters(), degradationPreference });
  } catch {
    // It is a wish: the browser's own choice is good enough.
  }
}
