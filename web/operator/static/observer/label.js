/** Who a task is for: what its owner tells, in a word. */

/** @typedef {import("./types.js").Task} Task */

/** @param {Task} task @returns {string} */
export function label(task) {
  const { stay, socket, worker, stage, room } = task.facts;
  if (stay) return stay.lease === "present" ? stay.name : `${stay.name}, ${stay.lease}`;
  if (socket) return socket.participant ? `socket of ${socket.participant}` : "socket, not in a room";
  if (room) return `${room.log.present} here`;
  if (worker?.pid) return `pid ${worker.pid}, port ${worker.port}${worker.stalls?.number ? `, held up ${worker.stalls.number} times` : ""}`;
  if (stage) return `${stage.kind}, ${stage.doing}`;
  return "";
}

/** @param {Task} task @returns {number} how often it, or what it supervises, was run again */
export function restarts(task) {
  let sum = task.facts.child?.restarts ?? 0;
  for (const [name, fact] of Object.entries(task.facts)) if (name.startsWith("supervisor ")) sum += fact.restarts ?? 0;
  return sum;
}

/** @param {Task} task @returns {string} the media worker that a task is the link to; empty for any other */
export function workerOf(task) {
  return task.facts.worker ? (/\/workers\/([^/]+)\//.exec(task.name)?.[1] ?? "") : "";
}
