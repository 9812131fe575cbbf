/** Everyone by name, with what is switched off. */

import { avatar } from "./avatar.js";
import { h, icon, say } from "./dom.js";
import { NO_FEEDBACK, SignalBars } from "./signal_bars.js";

/** @import { Person } from "../state/room.js" */
/** @import { Feedback } from "./signal_bars.js" */

export class PeopleList extends HTMLElement {
  #list = h("ul", { role: "list", "aria-label": "People" });
  /** @type {Map<string, HTMLLIElement>} */
  #items = new Map();
  /** @type {Map<string, SignalBars>} */
  #bars = new Map();
  #reachable = false;

  constructor() {
    super();
    this.append(this.#list);
  }

  /** @param {Person[]} people */
  set people(people) {
    const ids = new Set(people.map(({ id }) => id));
    for (const [id, item] of this.#items) {
      if (ids.has(id)) continue;
      item.remove();
      this.#items.delete(id);
      this.#bars.delete(id);
    }
    for (const person of people) {
      const item = this.#items.get(person.id) ?? this.#add(person);
      item.classList.toggle("mic-off", !person.microphone);
      item.classList.toggle("cam-off", !person.camera);
      item.classList.toggle("sharing", person.screens.length > 0);
      item.classList.toggle("reconnecting", person.reconnecting);
      const away = item.querySelector(".away");
      if (away instanceof HTMLElement) say(away, person.reconnecting ? "Reconnecting…" : "");
    }
  }

  /** @param {ReadonlyMap<string, Feedback>} feedback by participant */
  set feedback(feedback) {
    for (const [id, bars] of this.#bars) {
      const about = feedback.get(id) ?? NO_FEEDBACK;
      bars.show(about);
      const trouble = this.#items.get(id)?.querySelector(".trouble");
      if (trouble instanceof HTMLElement) say(trouble, about.mark);
    }
  }

  /** Whether the keyboard stops here on its way. */
  set reachable(/** @type {boolean} */ reachable) {
    this.#reachable = reachable;
    for (const bars of this.#bars.values()) bars.reachable = reachable;
  }

  /** @param {Person} person */
  #add(person) {
    const bars = new SignalBars({ id: person.id, name: person.label });
    bars.show(NO_FEEDBACK);
    bars.reachable = this.#reachable;
    this.#bars.set(person.id, bars);
    const item = h(
      "li",
      {},
      avatar(person.name),
      h("div", { class: "who" }, h("bdi", { class: "name" }, person.label), h("span", { class: "trouble", hidden: true })),
      h("span", { class: "away", hidden: true }),
      h("span", { class: "marks" }, sharingMark(), ...mark("mic", "microphone"), ...mark("cam", "camera"), bars),
    );
    this.#items.set(person.id, item);
    this.#list.append(item);
    return item;
  }
}

function sharingMark() {
  const shown = icon("screen", "shares their screen");
  shown.classList.add("screen-is-on");
  return shown;
}

/**
 * Both states are there and the stylesheet shows the one that is: nothing flickers, and hidden ones are not read out.
 * @param {"mic" | "cam"} kind
 * @param {"microphone" | "camera"} name
 */
function mark(kind, name) {
  const symbol = kind === "mic" ? "mic" : "camera";
  const [on, off] = [icon(symbol, `${name} on`), icon(`${symbol}-off`, `${name} off`)];
  on.classList.add(`${kind}-is-on`);
  off.classList.add(`${kind}-is-off`);
  return [on, off];
}

customElements.define("people-list", PeopleList);
