/** Everyone by name, with what is switched off. */

import { avatar } from "./avatar.js";
import { h, icon, say } from "./dom.js";

/** @import { Person } from "../state/room.js" */

export class PeopleList extends HTMLElement {
  #list = h("ul", { role: "list", "aria-label": "People" });
  /** @type {Map<string, HTMLLIElement>} */
  #items = new Map();

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

  /** @param {Person} person */
  #add(person) {
    const item = h(
      "li",
      {},
      avatar(person.name),
      h("bdi", { class: "name" }, person.label),
      h("span", { class: "away", hidden: true }),
      h("span", { class: "marks" }, sharingMark(), ...mark("mic", "microphone"), ...mark("cam", "camera")),
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
