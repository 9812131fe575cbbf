/** What is asked of the server. */

/** @typedef {import("./types.js").Look} Look */
/** @typedef {import("./types.js").Task} Task */

export class Trouble extends Error {}

/**
 * @param {Record<string, string | number>} asked
 * @returns {Promise<Look>}
 */
export function look(asked) {
  return ask(`/api/look?${parameters(asked)}`);
}

/** @param {number} id @returns {Promise<{tasks: Task[], total: number}>} a task and all below it, with stacks */
export function subtree(id) {
  return ask(`/api/tree?${parameters({ under: id, stacks: 1, limit: 60, search: "" })}`);
}

/** @param {string} worker @returns {Promise<{workers: Record<string, Record<string, unknown>>, left_off: number}>} its rooms, and what flows in them */
export function media(worker) {
  return ask(`/api/media?${parameters({ worker })}`);
}

/** @param {number} seconds 0 ends it */
export function meter(seconds) {
  return ask(`/api/meter?${parameters({ seconds })}`, "POST");
}

/** @param {Record<string, string | number>} asked */
function parameters(asked) {
  return new URLSearchParams(Object.entries(asked).map(([name, value]) => [name, String(value)]));
}

/** @param {string} path @param {string} [method] */
async function ask(path, method = "GET") {
  const patience = AbortSignal.timeout(5_000);
  let answer;
  try {
    answer = await fetch(path, { method, signal: patience, headers: { Accept: "application/json" } });
  } catch {
    throw new Trouble(patience.aborted ? "The server has not answered for 5 seconds: something holds it up. Its log names it." : "The server does not answer.");
  }
  if (answer.status === 401) {
    location.assign("/login");
    throw new Trouble("The token is another one now.");
  }
  if (!answer.ok) throw new Trouble(`The server answered ${answer.status}.`);
  return answer.json();
}
