/** Why a microphone or camera cannot be used, and what to do about it. */

/** @import { Source } from "../protocol/types.js" */

/** @typedef {"denied" | "missing" | "busy" | "insecure" | "unsupported" | "lost" | "unknown"} ProblemKind */
/** @typedef {{kind: ProblemKind, detail: string}} Problem */

/** @type {Record<string, ProblemKind>} */
const kinds = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

/**
 * @param {unknown} error what getUserMedia rejected with
 * @returns {Problem}
 */
export function problemOf(error) {
  const name = error instanceof Error ? error.name : "";
  return { kind: kinds[name] ?? "unknown", detail: error instanceof Error ? error.message : String(error) };
}

/**
 * @param {Source | "both"} source
 * @param {Problem} problem
 * @returns {{title: string, advice: string}}
 */
export function problemWords(source, problem) {
  const both = source === "both";
  const what = both ? "camera and microphone" : source;
  const it = both ? "them" : "it";
  switch (problem.kind) {
    case "denied":
      return {
        title: `This page may not use your ${what}.`,
        advice: `Allow ${it} in the browser's address bar, then switch ${it} on. You can join without.`,
      };
    case "missing":
      return {
        title: both ? "No camera and no microphone were found." : `No ${what} was found.`,
        advice: `Plug one in and switch ${it} on. You can join without.`,
      };
    case "busy":
      return {
        title: both ? "Your camera and microphone could not be started." : `Your ${what} could not be started.`,
        advice: `Another program may be using ${it}. Close it and try again. You can join without.`,
      };
    case "insecure":
      return {
        title: "Camera and microphone need HTTPS or localhost.",
        advice: "Browsers allow them only on secure pages. Open this room with https://. You can join to see, hear and write.",
      };
    case "unsupported":
      return {
        title: `This browser cannot use a ${both ? "camera or microphone" : what}.`,
        advice: "A current version of Chrome, Edge, Firefox or Safari can.",
      };
    case "lost":
      return {
        title: both ? "Your camera and microphone stopped." : `Your ${what} stopped.`,
        advice: `It may have been unplugged, or its permission withdrawn. Switch ${it} on again when it is back.`,
      };
    case "unknown":
      return {
        title: both ? "Your camera and microphone could not be started." : `Your ${what} could not be started.`,
        advice: `${problem.detail || "The browser did not say why."} You can join without.`,
      };
  }
}
