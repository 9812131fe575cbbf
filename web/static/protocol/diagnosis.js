/** Asking the server why one person gets nothing of another: docs/protocol.md, "What is wrong". */

import { boolean, list, object, oneOf, string } from "./check.js";

/**
 * @typedef {"audio" | "video" | "screen"} Kind
 * @typedef {{from: string, to: string, kind: Kind}} Question by participant ids
 * @typedef {"ok" | "poor" | "broken" | "follows" | "unknown"} HopState
 * @typedef {{name: string, title: string, state: HopState, figures: string}} Hop
 * @typedef {{code: string, whose: string, says: string, fix: string, certain: boolean}} Verdict
 * @typedef {{verdict: Verdict, hops: Hop[]}} Diagnosis
 */

const diagnosis = object({
  verdict: object({ code: string, whose: string, says: string, fix: string, certain: boolean }),
  hops: list(object({ name: string, title: string, state: oneOf("ok", "poor", "broken", "follows", "unknown"), figures: string })),
});
const refusal = object({ error: string });

/** The server has no answer, and says why. */
export class Unanswered extends Error {}

/**
 * @param {string} room
 * @param {Question} question
 * @param {(url: string) => Promise<{ok: boolean, status: number, json: () => Promise<unknown>}>} [ask]
 * @returns {Promise<Diagnosis>} rejects with Unanswered, and as `fetch` does
 */
export async function diagnose(room, { from, to, kind }, ask = (url) => fetch(url)) {
  const answer = await ask(`/api/rooms/${encodeURIComponent(room)}/diagnose?${new URLSearchParams({ from, to, kind })}`);
  const body = await answer.json().catch(() => null);
  if (answer.ok) return diagnosis(body, "");
  throw new Unanswered(body === null ? `The server answered ${answer.status}.` : refusal(body, "").error);
}
