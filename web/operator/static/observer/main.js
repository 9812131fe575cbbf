/** `/observer`: looks once a second while it is seen, and shows what there is. */

import { ThemeToggle } from "../../../static/components/theme_toggle.js";
import { workerOf } from "./label.js";
import { Leaders } from "./leaders.js";
import { Trouble, look, media, meter, subtree } from "./server.js";
import { hear } from "./stalls.js";
import { Summary } from "./summary.js";
import { TaskView } from "./task.js";
import { TimelineView } from "./timeline.js";
import { TaskTree } from "./tree.js";

const EVERY = 1_000;
/** Seconds that the meter is switched on for. */
const METER = 300;

/** @template {Element} T @param {string} selector @param {new () => T} kind @returns {T} */
function part(selector, kind) {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page has no ${selector}`);
  return found;
}

const search = part("#search", HTMLInputElement);
const meterButton = part("#meter", HTMLButtonElement);
const pauseButton = part("#pause", HTMLButtonElement);
const trouble = part("#trouble", HTMLElement);
const taskSection = part("#task", HTMLElement);
const tree = new TaskTree();
const leaders = new Leaders();
const timeline = new TimelineView();
const task = new TaskView();
const summary = new Summary();
part("#theme", HTMLElement).append(new ThemeToggle());
part("#tree", HTMLElement).append(tree);
part("#leaders", HTMLElement).append(leaders);
part("#timeline", HTMLElement).append(timeline);
taskSection.append(task);

let paused = false;
let metering = false;
let up = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** Only the last look counts that was begun. */
let turn = 0;

/** What is seen of a worker that does not answer: all else goes on. @param {string} worker */
const unanswered = (worker) => () => ({ workers: { [worker]: { "its rooms": "are not told: it does not answer" } }, left_off: 0 });

async function once() {
  clearTimeout(timer);
  const mine = ++turn;
  try {
    const seen = await look({
      open: [...tree.opened].join(","),
      fold: [...tree.folded].join(","),
      search: search.value.trim(),
      by: leaders.order,
      after: timeline.last,
    });
    const chosen = tree.chosen === null ? null : await subtree(tree.chosen);
    const worker = chosen?.tasks[0] && workerOf(chosen.tasks[0]);
    const flows = worker ? await media(worker).catch(unanswered(worker)) : null;
    if (mine !== turn) return;
    if (seen.up < up) {
      timeline.clear();
      tree.chosen = null;
    }
    up = seen.up;
    summary.show(part("#summary", HTMLElement), seen);
    tree.show(seen.tree);
    leaders.show(seen.top, seen.at, seen.meter.active || seen.meter.elapsed > 0);
    timeline.add(seen.timeline);
    taskSection.hidden = chosen === null;
    if (chosen !== null) task.show(chosen.tasks, chosen.total, flows && { ...flows.workers[worker ?? ""], ...(flows.left_off ? { "rooms left off": flows.left_off } : {}) });
    metering = seen.meter.active;
    meterButton.setAttribute("aria-pressed", String(metering));
    meterButton.textContent = metering ? `Metering, ${Math.ceil(seen.meter.remaining)} s` : "Meter";
    trouble.hidden = true;
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    if (mine !== turn) return;
    trouble.textContent = error.message;
    trouble.hidden = false;
  }
  if (!paused && !document.hidden) timer = setTimeout(once, EVERY);
}

/** @param {string} name */
function show(name) {
  document.body.dataset.part = name;
  for (const button of document.querySelectorAll("#parts button")) {
    if (button instanceof HTMLButtonElement) button.setAttribute("aria-pressed", String(button.dataset.part === name));
  }
}

tree.addEventListener("wish", once);
tree.addEventListener("chosen", () => {
  if (tree.chosen !== null) show("task");
  once();
});
leaders.addEventListener("wish", once);
leaders.addEventListener("chosen", (event) => {
  tree.chosen = /** @type {CustomEvent<{id: number}>} */ (event).detail.id;
  show("task");
  once();
});
search.addEventListener("input", once);
meterButton.addEventListener("click", async () => {
  await meter(metering ? 0 : METER);
  once();
});
pauseButton.addEventListener("click", () => {
  paused = !paused;
  pauseButton.setAttribute("aria-pressed", String(paused));
  pauseButton.textContent = paused ? "Go on" : "Pause";
  if (paused) clearTimeout(timer);
  else once();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !paused) once();
});
for (const button of document.querySelectorAll("#parts button")) {
  button.addEventListener("click", () => show(/** @type {HTMLElement} */ (button).dataset.part ?? "tree"));
}
hear((words) => {
  trouble.textContent = words;
  trouble.hidden = false;
});
once();
