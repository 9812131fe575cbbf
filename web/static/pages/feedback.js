/** Shows what is wrong, and to whom it matters: bars and marks with everyone, and one hint to this page's own person. */

import { Hints } from "../state/hints.js";
import { hintsOf } from "../text/hints.js";
import { marksOf, signalWords } from "../text/trouble.js";
import { heard } from "./heard.js";

/** @import { RoomView } from "../components/room_view.js" */
/** @import { Feedback as Shown } from "../components/signal_bars.js" */
/** @import { LocalMedia } from "../rtc/local_media.js" */
/** @import { Session } from "../state/session.js" */
/** @import { Hint } from "../text/hints.js" */
/** @import { Reporting } from "./reporting.js" */

/** Milliseconds. */
const TOGETHER = 30;

export class Feedback {
  #session;
  #local;
  #view;
  #reporting;
  #quiet;
  #hints = new Hints();
  /** What there is to say just now, by key. @type {Map<string, Hint>} */
  #said = new Map();
  /** @type {Hint | null} */
  #hint = null;
  /** @type {ReadonlyMap<string, Shown>} */
  #shown = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {(() => void)[]} */
  #undo;

  /**
   * @param {object} parts
   * @param {Session} parts.session
   * @param {LocalMedia} parts.local
   * @param {RoomView} parts.view
   * @param {Reporting} parts.reporting
   * @param {() => boolean} parts.quiet whether the person is told of something else that makes all this void
   */
  constructor({ session, local, view, reporting, quiet }) {
    this.#session = session;
    this.#local = local;
    this.#view = view;
    this.#reporting = reporting;
    this.#quiet = quiet;
    const changed = () => this.#changed();
    const acted = () => {
      this.#hints.acted();
      changed();
    };
    // Whatever the person clicks on, it lets sound begin.
    const touched = () => {
      if (view.grid.blocked) view.grid.playAll();
    };
    for (const type of ["click", "keydown"]) document.addEventListener(type, touched);
    this.#undo = [
      session.trouble.on("change", changed),
      session.on("room", changed),
      session.on("connection", changed),
      session.legs.on("status", changed),
      local.on("change", acted),
      reporting.on("own", changed),
      () => ["click", "keydown"].forEach((type) => document.removeEventListener(type, touched)),
    ];
    view.hint.addEventListener("act", () => void this.#act());
    view.hint.addEventListener("wave", () => {
      this.#hints.wave(performance.now());
      view.controls.microphone.focus();
      this.#showHint();
    });
    heard(view, "about", (/** @type {{id: string}} */ { id }) => this.#about(id));
    changed();
  }

  close() {
    clearTimeout(this.#soon);
    clearTimeout(this.#timer);
    for (const undo of this.#undo) undo();
  }

  /** Much may change at a time, as when everyone's signal is told: it is shown once. */
  #changed() {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#show();
    }, TOGETHER);
  }

  #show() {
    const { state, trouble } = this.#session;
    if (!state) return;
    const { problems, signals } = trouble;
    this.#shown = new Map(
      state.participants.map(({ id }) => {
        const signal = signals.get(id);
        const marks = marksOf(problems, id, state.you);
        return [id, { level: signal?.level ?? 0, words: signalWords(signal, id === state.you), mark: marks[0]?.text ?? "", details: marks.map(({ detail }) => detail) }];
      }),
    );
    this.#view.grid.feedback = this.#shown;
    this.#view.panel.people.feedback = this.#shown;
    const { card } = this.#view;
    if (card.person) card.show(this.#shown.get(card.person));
    this.#showHint();
  }

  #showHint() {
    clearTimeout(this.#timer);
    const hints = this.#quiet() ? [] : this.#current();
    for (const hint of hints) this.#said.set(hint.key, hint);
    const now = performance.now();
    const { key, readOut, next } = this.#hints.choose(now, hints.map((hint) => hint.key));
    this.#hint = key === null || this.#quiet() ? null : (this.#said.get(key) ?? null);
    this.#view.hint.show(this.#hint);
    if (readOut && this.#hint) this.#view.toasts.say(this.#hint.text, { unseen: true });
    if (next < Infinity) this.#timer = setTimeout(() => this.#showHint(), Math.max(0, next - now));
  }

  #current() {
    const { state, trouble, legs } = this.#session;
    if (!state) return [];
    const { microphone, camera, screens } = this.#local;
    return hintsOf(trouble.problems, {
      you: state.you,
      microphone: microphone.live,
      camera: camera.live,
      sharing: screens.numbers.length > 0,
      own: this.#reporting.own,
      restoring: legs.status !== "working",
      shortcuts: !this.#view.classList.contains("no-keys") && matchMedia("(hover: hover)").matches,
      nameOf: (id) => state.participants.find((each) => each.id === id)?.name ?? "",
    });
  }

  async #act() {
    const { controls, top, grid } = this.#view;
    this.#hints.acted();
    switch (this.#hint?.action) {
      case "unmute":
        controls.microphone.focus();
        return controls.microphone.click();
      case "camera_off":
        controls.camera.focus();
        return controls.camera.click();
      case "devices":
        return top.openSettings();
      case "hear":
        grid.playAll();
        return controls.microphone.focus();
      case "restart_camera":
        controls.camera.focus();
        await this.#local.camera.set(false);
        return this.#local.camera.set(true);
    }
  }

  /** @param {string} id */
  #about(id) {
    const person = this.#session.state?.participants.find((each) => each.id === id);
    const from = document.activeElement;
    if (!person || !from) return;
    const own = id === this.#session.state?.you;
    this.#view.card.open(id, own ? `${person.name} (you)` : person.name, this.#shown.get(id) ?? { level: 0, words: "", mark: "", details: [] }, from);
  }
}
