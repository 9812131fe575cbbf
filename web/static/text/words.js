/** What happened, in words for a person. */

/** @import { Source } from "../protocol/types.js" */
/** @import { PauseReason } from "../state/paused_pictures.js" */

/** @type {Record<string, string>} */
const leaving = {
  connection_lost: "connection lost",
  kicked: "removed from the room",
  replaced: "joined again elsewhere",
  room_closed: "the room was closed",
  server_stopping: "the server is stopping",
  failed: "something went wrong on the server",
};

/**
 * @param {string} name
 * @param {string} reason
 * @returns {string} always begins with "<name> left"
 */
export function leftWords(name, reason) {
  const more = leaving[reason];
  return more ? `${name} left (${more})` : `${name} left`;
}

/**
 * @param {"Video" | "Screen"} what
 * @param {PauseReason} reason
 */
export const pauseWords = (what, reason) =>
  reason === "codec" ? `${what} cannot be shown: this browser cannot decode it` : `${what} paused: slow network`;

/** @typedef {{title: string, text: string, action?: string}} Ending */

/** @type {Record<number, Ending>} */
const endings = {
  1000: { title: "You left", text: "You can come back with the same link." },
  1001: { title: "The server did not come back", text: "It was stopped some minutes ago. Try again in a moment." },
  1008: { title: "You were disconnected", text: "This page sent far too much at once, so the server closed the connection." },
  1009: { title: "You were disconnected", text: "This page sent something that was too large for the server." },
  1011: { title: "Something went wrong on the server", text: "The error has been recorded there. Please join again." },
  4000: { title: "Joining took too long", text: "The server heard nothing from this page. Please join again." },
  4001: { title: "The connection was too slow", text: "This page could not keep up with what the room was saying." },
  4002: { title: "The connection was lost", text: "Nothing was heard from this page for a while. Check your network and join again." },
  4003: { title: "You are in this call in another tab", text: "One tab at a time can be in it. You can go on with it here.", action: "Continue here" },
  4004: { title: "You were removed from the room", text: "Somebody who looks after this room took you out of it." },
  4005: { title: "You were disconnected", text: "There are too many connections from your network." },
  4006: { title: "The room was closed", text: "The meeting is over for everybody." },
};

/**
 * @param {number} code how the websocket was closed
 * @param {string} [refusal] why the server did not let the person in again
 * @returns {Ending}
 */
export function endingWords(code, refusal = "") {
  if (refusal) return { title: "You could not be let in again", text: refusal };
  return (
    endings[code] ?? { title: "The connection was lost", text: "Check your network and join again. The others have been told." }
  );
}

/** @type {Record<"more" | "fewer" | "none", string>} */
const sharing = { more: "shares their screen", fewer: "shares one screen less", none: "stopped sharing" };

/** @param {string} name @param {"more" | "fewer" | "none"} change */
export const sharingWords = (name, change) => `${name} ${sharing[change]}`;

/** @type {Record<string, string>} */
const surfaces = { window: "a window", browser: "a browser tab" };

/** @param {string | undefined} surface what the browser calls it */
export const sharedWords = (surface) => `You are sharing ${surfaces[surface ?? ""] ?? "your screen"}`;

/** @param {number} port */
export function blockedWords(port) {
  const which = port > 0 ? `UDP and TCP port ${port}` : "them";
  return `Pictures and sound cannot get through. Your network may block ${which}. Chat still works.`;
}

export const reconnectingWords = "Reconnecting…";
export const backWords = "You are back.";

/**
 * @param {number} seconds until the server stops
 * @returns {string}
 */
export function stoppingWords(seconds) {
  if (seconds < 1) return "The server is stopping. You will be reconnected.";
  const minutes = Math.round(seconds / 60);
  const when = seconds > 90 ? `${minutes} minutes` : seconds > 59 ? "a minute" : seconds < 2 ? "a second" : `${Math.floor(seconds)} seconds`;
  return `The server will restart in ${when}. You will be reconnected.`;
}

export const goneWords = "The server is stopping. Reconnecting…";

export const restoringWords = "Pictures and sound are being restored…";

/** @type {Record<Source, string>} */
export const sourceName = { microphone: "microphone", camera: "camera" };

/**
 * @param {number} unread
 * @returns {string} "" when there is nothing
 */
export function unreadWords(unread) {
  if (unread === 0) return "";
  return unread === 1 ? "1 unread message" : `${unread} unread messages`;
}
