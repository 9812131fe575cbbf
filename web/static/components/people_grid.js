/**
 * Everybody's tile, as large as the stage allows; beside a shared screen, if there is one. Where they would be too small
 * those who spoke last are shown.
 */

import { capacity, Crowd } from "../layout/crowd.js";
import { arrange } from "../layout/grid.js";
import { h, say } from "./dom.js";
import { spotlight } from "../layout/spotlight.js";
import { PersonTile } from "./person_tile.js";
import { ScreenTile } from "./screen_tile.js";
import { NO_FEEDBACK } from "./signal_bars.js";

/** @import { Box } from "../layout/grid.js" */
/** @import { ScreenTracks } from "../rtc/subscribe_leg.js" */
/** @import { PauseReason } from "../state/paused_pictures.js" */
/** @import { Person } from "../state/room.js" */
/** @import { SharedScreen } from "../state/screens.js" */
/** @import { Tracks } from "./person_tile.js" */
/** @import { Feedback } from "./signal_bars.js" */

const GAP = 10;
const NOTHING = Object.freeze({ microphone: null, camera: null });
const NO_SCREEN = Object.freeze({ picture: null, sound: null });

export class PeopleGrid extends HTMLElement {
  /** @type {Map<string, PersonTile>} */
  #tiles = new Map();
  /** @type {Map<string, ScreenTile>} */
  #screens = new Map();
  #resized = new ResizeObserver(() => this.#place());
  #speaker = "";
  #crowd = new Crowd();
  /** @type {readonly string[]} */
  #recent = [];
  #more = h("p", { class: "more", hidden: true });
  /** @type {ReadonlyMap<string, PauseReason>} */
  #paused = new Map();

  constructor() {
    super();
    this.addEventListener("reshape", () => this.#place());
  }

  connectedCallback() {
    this.append(this.#more);
    this.#resized.observe(this);
  }

  disconnectedCallback() {
    this.#resized.disconnect();
    for (const tile of this.#all()) tile.close();
  }

  /** @param {Person[]} people @param {SharedScreen[]} screens */
  show(people, screens) {
    const gone = [
      ...this.#drop(this.#tiles, new Set(people.map(({ id }) => id))),
      ...this.#drop(this.#screens, new Set(screens.map(({ picture }) => picture))),
    ];
    const before = this.#tiles.size + this.#screens.size;
    for (const person of people) {
      const tile = this.#tiles.get(person.id);
      if (tile) tile.person = person;
      else this.#tiles.set(person.id, this.#add(new PersonTile(person), person.id));
    }
    for (const screen of screens) {
      const tile = this.#screens.get(screen.picture);
      if (tile) tile.screen = screen;
      else this.#screens.set(screen.picture, this.#add(new ScreenTile(screen), screen.picture));
    }
    if (gone.length > 0 || this.#tiles.size + this.#screens.size !== before) this.#place();
  }

  /** @param {ReadonlyMap<string, Tracks>} tracks by participant */
  set tracks(tracks) {
    for (const [id, tile] of this.#tiles) tile.tracks = tracks.get(id) ?? NOTHING;
  }

  /** @param {ReadonlyMap<string, ScreenTracks>} tracks by picture */
  set screenTracks(tracks) {
    for (const [picture, tile] of this.#screens) tile.tracks = tracks.get(picture) ?? NO_SCREEN;
  }

  /** @param {ReadonlySet<string>} ids of those who speak */
  set speaking(ids) {
    for (const [id, tile] of this.#tiles) tile.speaking = ids.has(id);
  }

  /** @param {ReadonlyMap<string, Feedback>} feedback by participant */
  set feedback(feedback) {
    for (const [id, tile] of this.#tiles) tile.feedback = feedback.get(id) ?? NO_FEEDBACK;
  }

  /** @param {readonly string[]} ids of those who spoke, who did last is first */
  set recent(ids) {
    if (ids.join() === this.#recent.join()) return;
    this.#recent = ids;
    if (!this.#more.hidden) this.#place();
  }

  /** @param {ReadonlyMap<string, PauseReason>} pictures that are not sent here, and why */
  set paused(pictures) {
    this.#paused = pictures;
    for (const tiles of [this.#tiles, this.#screens]) for (const [picture, tile] of tiles) tile.paused = pictures.get(picture) ?? null;
  }

  /** @param {string} id */
  set speaker(id) {
    this.#speaker = id;
    for (const tile of this.#all()) tile.speaker = id;
  }

  /** Whether there is sound that the browser does not play. */
  get blocked() {
    return this.#all().some(({ blocked }) => blocked);
  }

  /** To be called from a click: browsers let sound begin only then. */
  playAll() {
    for (const tile of this.#all()) tile.play();
  }

  /** Where this person sees themselves; null while there is no such tile. @returns {HTMLVideoElement | null} */
  get ownVideo() {
    return this.querySelector("person-tile.own video");
  }

  #all() {
    return [...this.#screens.values(), ...this.#tiles.values()];
  }

  /**
   * @template {PersonTile | ScreenTile} T
   * @param {T} tile
   * @param {string} picture
   * @returns {T}
   */
  #add(tile, picture) {
    tile.classList.add("new");
    tile.paused = this.#paused.get(picture) ?? null;
    if (this.#speaker) tile.speaker = this.#speaker;
    // What is large comes first for those who hear the page, too.
    if (tile instanceof ScreenTile) this.prepend(tile);
    else this.append(tile);
    return tile;
  }

  /** @param {Map<string, PersonTile> | Map<string, ScreenTile>} tiles @param {ReadonlySet<string>} kept */
  #drop(tiles, kept) {
    const gone = [...tiles.keys()].filter((picture) => !kept.has(picture));
    for (const picture of gone) {
      tiles.get(picture)?.close();
      tiles.get(picture)?.remove();
      tiles.delete(picture);
    }
    return gone;
  }

  #place() {
    const { clientWidth, clientHeight } = this;
    const arranged = (/** @type {number} */ count) => arrange(count, clientWidth, clientHeight, GAP);
    const everyone = [...this.#tiles.keys()];
    const shapes = [...this.#screens.values()].map(({ shape }) => shape);
    let left = 0;
    /** @type {{screens: Box[], people: (Box | undefined)[]}} */
    let boxes;
    if (shapes.length > 0) {
      boxes = spotlight(shapes, everyone.length, clientWidth, clientHeight, GAP);
    } else {
      const shown = this.#crowd.choose(everyone, this.#recent, capacity(arranged, everyone.length));
      const places = arranged(shown.length);
      boxes = { screens: [], people: everyone.map((id) => places[shown.indexOf(id)]) };
      left = everyone.length - shown.length;
    }
    say(this.#more, left > 0 ? `and ${left} more` : "");
    const sizes = { ...put(this.#screens, boxes.screens), ...put(this.#tiles, boxes.people) };
    if (clientHeight > 0) this.dispatchEvent(new CustomEvent("layout", { detail: sizes }));
  }
}

/**
 * @param {ReadonlyMap<string, HTMLElement>} tiles
 * @param {readonly (Box | undefined)[]} boxes
 * @returns {Record<string, number>} how high each is in the display's pixels, but for one's own
 */
function put(tiles, boxes) {
  /** @type {Record<string, number>} */
  const sizes = {};
  let index = 0;
  for (const [picture, tile] of tiles) {
    const box = boxes[index++];
    // They are heard all the same: it is the tile that plays the sound.
    tile.classList.toggle("out", !box);
    if (!box) continue;
    if (!tile.classList.contains("own")) sizes[picture] = Math.round(box.height * devicePixelRatio);
    tile.style.transform = `translate(${box.x}px, ${box.y}px)`;
    tile.style.width = `${box.width}px`;
    tile.style.height = `${box.height}px`;
    tile.classList.toggle("small", box.width < 200);
    // Only a tile that has a place already glides to its next one.
    if (tile.classList.contains("new")) requestAnimationFrame(() => tile.classList.remove("new"));
  }
  return sizes;
}

customElements.define("people-grid", PeopleGrid);
