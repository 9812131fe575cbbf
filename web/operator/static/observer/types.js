/**
 * What the server answers; see `web/operator/look.py`.
 *
 * @typedef {import("./format.js").Place} Place
 *
 * @typedef {object} Task
 * @property {number} id
 * @property {number | null} parent
 * @property {number} nursery
 * @property {number} depth
 * @property {string} name
 * @property {"new" | "running" | "runnable" | "parked"} state
 * @property {number} age
 * @property {boolean} older
 * @property {number} steps
 * @property {Place | null} waits
 * @property {Place | null} own
 * @property {number | null} deadline
 * @property {boolean} cancelled
 * @property {number} children
 * @property {Place[]} stack
 * @property {Record<string, any>} facts
 * @property {{waiting: number, bytes: number, passed: number, dropped: number}} figures
 * @property {number | null} cpu
 * @property {boolean} [folded]
 *
 * @typedef {object} Happening
 * @property {number} number
 * @property {number} at
 * @property {string} kind
 * @property {string} task
 * @property {string} words
 *
 * @typedef {object} Look
 * @property {number} at
 * @property {number} up
 * @property {number} cpu
 * @property {number} memory
 * @property {{state: string, rooms: {rooms: number, participants: number, admissions: number}, sockets: number, media: boolean, workers: {name: string, state: string, stalls: number}[]}} node
 * @property {{living: number, runnable: number}} tasks
 * @property {{limit: number, steps: number, slow: number, longest: {seconds: number} | null}} watchdog
 * @property {{active: boolean, elapsed: number, remaining: number}} meter
 * @property {{total: number, left_off: number, tasks: Task[]}} tree
 * @property {Task[]} top
 * @property {Happening[]} timeline
 */

export {};
