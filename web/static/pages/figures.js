/** Counts what goes and comes, once a second while somebody looks, and shows it. */

import { h } from "../components/dom.js";
import { readBoth } from "../rtc/stats.js";
import { History } from "../state/history.js";
import { peopleOf } from "../state/room.js";
import { screensOf } from "../state/screens.js";
import { signalWords } from "../text/trouble.js";

/** @import { RoomView } from "../components/room_view.js" */
/** @import { Session } from "../state/session.js" */
/** @import { Reporting } from "./reporting.js" */

const EVERY = 1_000;

export class Figures {
  #session;
  #view;
  /** Kept while nobody looks, too, from what is counted for the reports. */
  #history = new History();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #undo;

  /**
   * @param {object} parts
   * @param {Session} parts.session
   * @param {RoomView} parts.view
   * @param {Reporting} parts.reporting
   */
  constructor({ session, view, reporting }) {
    this.#session = session;
    this.#view = view;
    this.#undo = reporting.on("counted", (counted) => this.#history.add(counted));
    view.figures.addEventListener("watch", () => this.#watch());
    view.figures.addEventListener("unwatch", () => this.#unwatch());
    view.top.addEventListener("connection", () => view.figures.open());
    const more = h("button", { type: "button", class: "plain" }, "Connection details");
    more.addEventListener("click", () => {
      const { person } = view.card;
      view.card.hidePopover();
      view.figures.open(person);
    });
    view.card.actions.append(more);
  }

  close() {
    this.#unwatch();
    this.#undo();
  }

  #watch() {
    this.#unwatch();
    this.#timer = setInterval(() => void this.#count(), EVERY);
    this.#show();
    void this.#count();
  }

  #unwatch() {
    clearInterval(this.#timer);
  }

  async #count() {
    this.#history.add(await readBoth(this.#session.legs));
    if (!this.#view.figures.hidden) this.#show();
  }

  #show() {
    const { state, trouble } = this.#session;
    if (!state) return;
    const people = peopleOf(state, { microphone: false, camera: false, screens: [], reconnecting: false }).filter(({ own }) => !own);
    const shown = people.map(({ id, name }) => ({ picture: id, label: name, words: `${signalWords(trouble.signals.get(id), false)}.` }));
    const screens = screensOf(people).map(({ picture, label }) => ({ picture, label, words: "" }));
    this.#view.figures.show(this.#history, [...shown, ...screens], performance.now());
  }
}
