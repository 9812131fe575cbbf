/** What to tell a person that they can do something about, and with which button. Pure. */

/** @import { Problem } from "../protocol/types.js" */

/** @typedef {"unmute" | "hear" | "devices" | "camera_off" | "restart_camera"} HintAction */
/** @typedef {{key: string, text: string, action: HintAction | null, label: string}} Hint */

/**
 * @typedef {object} Own what is known here of one's own devices, sooner than anywhere else
 * @property {boolean} talking though the microphone is off
 * @property {boolean} silent though it is on
 * @property {boolean} muted by the system or the device
 * @property {boolean} cameraMuted
 * @property {boolean} dark the camera shows only black
 * @property {boolean} blocked the browser plays no sound
 */

/**
 * @typedef {object} Here how things are in this page
 * @property {string} you
 * @property {boolean} microphone
 * @property {boolean} camera
 * @property {boolean} sharing
 * @property {Own} own
 * @property {boolean} restoring the page says already that pictures and sound are being restored
 * @property {boolean} shortcuts
 * @property {(id: string) => string} nameOf "" for somebody who is not there
 */

/**
 * @param {readonly Problem[]} problems
 * @param {Here} here
 * @returns {Hint[]} the most important first
 */
export function hintsOf(problems, here) {
  const { you, microphone, camera, own } = here;
  const mine = problems.filter(({ participant }) => participant === you);
  /** @param {string} kind @param {string} [direction] */
  const has = (kind, direction) => mine.some((each) => each.kind === kind && (!direction || each.direction === direction));
  /** @type {(Hint | false)[]} */
  const hints = [
    !microphone &&
      (own.talking || has("talking_while_muted")) &&
      hint("talking_while_muted", "You are muted, and seem to be talking.", "unmute", here.shortcuts ? "Unmute (M)" : "Unmute"),
    own.blocked && hint("sound_blocked", "Your browser holds back the sound.", "hear", "Click to hear everyone"),
    !here.restoring && has("leg_lost", "uplink") && hint("leg_lost uplink", "Nothing of yours gets through just now. It is being restored."),
    !here.restoring && has("leg_lost", "downlink") && hint("leg_lost downlink", "Nothing of the others gets through just now. It is being restored."),
    microphone && own.muted && hint("microphone_muted", "Your microphone is muted by the system, or by a switch on it. Nobody hears you.", "devices", "Choose another"),
    microphone &&
      !own.muted &&
      (own.silent || has("microphone_silent")) &&
      hint("microphone_silent", "No sound comes from your microphone. Is it muted by a switch?", "devices", "Choose another"),
    camera && own.cameraMuted && hint("camera_muted", "Your camera is switched off by the system, or by a switch on it.", "devices", "Choose another"),
    camera && !own.cameraMuted && has("camera_frozen") && hint("camera_frozen", "Your camera stopped: others see a still picture.", "restart_camera", "Restart camera"),
    has("network_slow", "uplink") && slow(here),
    has("network_slow", "downlink") &&
      hint("network_slow downlink", "Your connection is slow: you may see others blurred, or hear gaps. It often helps to be nearer to the Wi-Fi."),
    camera &&
      !own.cameraMuted &&
      (own.dark || has("camera_dark")) &&
      hint("camera_dark", "Your camera shows only black. Is its cover closed, or a lid or a finger before it?", "devices", "Choose another"),
    microphone && unheard(mine, here),
  ];
  return hints.filter((each) => each !== false);
}

/** @param {string} key @param {string} text @param {HintAction | null} [action] @returns {Hint} */
const hint = (key, text, action = null, label = "") => ({ key, text, action, label });

/** @param {Here} here */
function slow({ camera, sharing }) {
  const key = "network_slow uplink";
  if (camera) return hint(key, "Your connection is slow: others may see you blurred. Turn your camera off to sound better.", "camera_off", "Turn camera off");
  return hint(key, `Your connection is slow: others may ${sharing ? "see your screen late, or " : ""}hear you with gaps.`);
}

/** @param {readonly Problem[]} mine @param {Here} here */
function unheard(mine, { nameOf }) {
  const ids = new Set(mine.filter(({ kind }) => kind === "cannot_be_heard").flatMap(({ concerns }) => concerns));
  const names = [...ids].map(nameOf).filter(Boolean);
  if (names.length === 0) return false;
  const who = names.length > 2 ? `${names.length} people` : names.join(" and ");
  return hint("cannot_be_heard", `${who} cannot hear you just now. Their browser may hold back the sound until they click.`);
}

/**
 * What is wrong with the server, for the banner.
 * @param {readonly Problem[]} problems
 * @param {boolean} refused whether this room is to blame, and has no media worker for a while
 * @param {boolean} working whether this page has connections, or makes them: what is over in a blink is not worth words
 * @returns {{text: string, busy?: boolean, calm?: boolean} | null}
 */
export function serverWords(problems, refused = false, working = false) {
  const ours = new Set(problems.filter(({ participant }) => participant === null).map(({ kind }) => kind));
  if (ours.has("worker_lost") && refused) {
    return { text: "Something in this room made a part of the server fail several times. Pictures and sound are off for a while, and are tried again by themselves.", busy: true, calm: true };
  }
  if (ours.has("worker_lost") && !working) return { text: "A part of the server failed. Pictures and sound are being restored…", busy: true };
  if (ours.has("server_overloaded")) {
    return { text: "The server is very busy: pictures and sound may suffer. It is not your connection.", calm: true };
  }
  return null;
}
