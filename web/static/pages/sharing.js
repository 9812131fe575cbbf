/** Sharing screens: the button and the note of what one shares oneself, and the news of what the others do. */

import { sharingChange } from "../state/screens.js";
import { sharedWords, sharingWords } from "../text/words.js";
import { heard } from "./heard.js";

/** @import { RoomView } from "../components/room_view.js" */
/** @import { RoomEvent } from "../protocol/types.js" */
/** @import { Screens } from "../rtc/screens.js" */
/** @import { RoomState } from "../state/room.js" */
/** @import { Session } from "../state/session.js" */

export class Sharing {
  #screens;
  #view;
  #quiet;
  #session;
  /** @type {RoomState | null} the room before the event that is told */
  #before;
  /** @type {RoomState | null} */
  #now;
  #count = 0;
  /** @type {(() => void)[]} */
  #undo = [];

  /**
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Screens} parts.screens
   * @param {RoomView} parts.view
   * @param {() => boolean} parts.quiet whether there is too much news to tell all of it
   */
  constructor({ session, screens, view, quiet }) {
    this.#session = session;
    this.#screens = screens;
    this.#view = view;
    this.#quiet = quiet;
    this.#before = this.#now = session.state;
    this.#undo.push(
      screens.on("change", () => this.#show()),
      session.on("room", (state) => {
        [this.#before, this.#now] = [this.#now, state];
        this.#show();
      }),
      session.on("event", (event) => this.#news(event)),
    );
    view.controls.addEventListener("share", () => void this.#toggle());
    view.sharing.addEventListener("more", () => void this.#share());
    heard(view.sharing, "stop", (/** @type {number} */ number) => {
      this.#screens.stop(number);
      view.controls.focusShare();
    });
    this.#show();
  }

  close() {
    for (const undo of this.#undo) undo();
  }

  async #toggle() {
    if (this.#screens.shared.size > 0) this.#screens.stopAll();
    else await this.#share();
  }

  async #share() {
    const problem = await this.#screens.share();
    if (!problem) return;
    const why = problem instanceof Error && problem.message ? ` ${problem.message}` : "";
    this.#view.toasts.say(`Your screen could not be shared.${why}`);
  }

  #show() {
    const { shared, possible, full, numbers } = this.#screens;
    const own = numbers.map((number) => {
      const settings = /** @type {MediaTrackSettings & {displaySurface?: string}} */ (shared.get(number)?.picture.getSettings() ?? {});
      return { number, text: sharedWords(settings.displaySurface) };
    });
    this.#view.controls.showSharing({ possible, sharing: own.length > 0 });
    this.#view.sharing.show(own, possible && !full);
    const before = this.#count;
    this.#count = own.length;
    // It is there to be seen; who does not see hears it.
    if (own.length > before) this.#view.toasts.say(own.at(-1)?.text ?? "", { unseen: true });
    if (own.length < before) this.#view.toasts.say(own.length === 0 ? "You stopped sharing" : "You share one screen less", { unseen: true });
  }

  /** @param {RoomEvent} event */
  #news(event) {
    if (event.type !== "participant_updated" || !this.#now || this.#quiet()) return;
    const { id, name } = event.participant;
    if (id === this.#session.state?.you) return;
    const change = sharingChange(this.#before, this.#now, id);
    if (change) this.#view.toasts.say(sharingWords(name, change), { name });
  }
}
