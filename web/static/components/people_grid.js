/** Everybody's tile, as large as the stage allows. Where they would be too small those who spoke last are shown. */

import { capacity, Crowd } from "../layout/crowd.js";
import { arrange } from "../layout/grid.js";
import { h, say } from "./dom.js";
import { PersonTile } from "./person_tile.js";

/** @import { Person } from "../state/room.js" */
/** @import { Tracks } from "./person_tile.js" */

const GAP = 10;
const NOTHING = Object.freeze({ microphone: null, camera: null });

export class PeopleGrid extends HTMLElement {
  /** @type {Map<string, PersonTile>} */
  #tiles = new Map();
  #resized = new ResizeObserver(() => this.#place());
  #speaker = "";
  #crowd = new Crowd();
  /** @type {readonly string[]} */
  #recent = [];
  #more = h("p", { class: "more", hidden: true });
  /** @type {ReadonlySet<string>} */
  #paused = new Set();

  connectedCallback() {
    this.append(this.#more);
    this.#resized.observe(this);
  }

  disconnectedCallback() {
    this.#resized.disconnect();
    for (const tile of this.#tiles.values()) tile.close();
  }

  /** @param {Person[]} people */
  set people(people) {
    const ids = new Set(people.map(({ id }) => id));
    let changed = false;
    for (const [id, tile] of this.#tiles) {
      if (ids.has(id)) continue;
      this.#remove(id, tile);
      changed = true;
    }
    for (const person of people) {
      const tile = this.#tiles.get(person.id);
      if (tile) {
        tile.person = person;
      } else {
        this.#add(person);
        changed = true;
      }
    }
    if (changed) this.#place();
  }

  /** @param {ReadonlyMap<string, Tracks>} tracks by participant */
  set tracks(tracks) {
    for (const [id, tile] of this.#tiles) tile.tracks = tracks.get(id) ?? NOTHING;
  }

  /** @param {ReadonlySet<string>} ids of those who speak */
  set speaking(ids) {
    for (const [id, tile] of this.#tiles) tile.speaking = ids.has(id);
  }

  /** @param {readonly string[]} ids of those who spoke, who did last is first */
  set recent(ids) {
    if (ids.join() === this.#recent.join()) return;
    this.#recent = ids;
    if (!this.#more.hidden) this.#place();
  }

  /** @param {ReadonlySet<string>} ids of those whose picture the network does not take */
  set paused(ids) {
    this.#paused = ids;
    for (const [id, tile] of this.#tiles) tile.paused = ids.has(id);
  }

  /** @param {string} id */
  set speaker(id) {
    this.#speaker = id;
    for (const tile of this.#tiles.values()) tile.speaker = id;
  }

  /** To be called from a click: browsers let sound begin only then. */
  playAll() {
    for (const tile of this.#tiles.values()) tile.play();
  }

  /** @param {Person} person */
  #add(person) {
    const tile = new PersonTile(person);
    tile.classList.add("new");
    tile.paused = this.#paused.has(person.id);
    if (this.#speaker) tile.speaker = this.#speaker;
    this.#tiles.set(person.id, tile);
    this.append(tile);
  }

  /** @param {string} id @param {PersonTile} tile */
  #remove(id, tile) {
    tile.close();
    tile.remove();
    this.#tiles.delete(id);
  }

  #place() {
    const { clientWidth, clientHeight } = this;
    const arranged = (/** @type {number} */ count) => arrange(count, clientWidth, clientHeight, GAP);
    const everyone = [...this.#tiles.keys()];
    const shown = this.#crowd.choose(everyone, this.#recent, capacity(arranged, everyone.length));
    const boxes = arranged(shown.length);
    say(this.#more, shown.length < everyone.length ? `and ${everyone.length - shown.length} more` : "");
    /** @type {Record<string, number>} */
    const sizes = {};
    for (const [id, tile] of this.#tiles) {
      const box = boxes[shown.indexOf(id)];
      // They are heard all the same: it is the tile that plays the sound.
      tile.classList.toggle("out", !box);
      if (!box) continue;
      if (!tile.classList.contains("own")) sizes[id] = Math.round(box.height * devicePixelRatio);
      tile.style.transform = `translate(${box.x}px, ${box.y}px)`;
      tile.style.width = `${box.width}px`;
      tile.style.height = `${box.height}px`;
      tile.classList.toggle("small", box.width < 200);
      // Only a tile that has a place already glides to its next one.
      if (tile.classList.contains("new")) requestAnimationFrame(() => tile.classList.remove("new"));
    }
    if (clientHeight > 0) this.dispatchEvent(new CustomEvent("layout", { detail: sizes }));
  }
}

customElements.define("people-grid", PeopleGrid);
