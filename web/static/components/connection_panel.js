/** For those who want to look: what goes and comes just now, and how it was in the last two minutes. */

import { bitrate, lines, milliseconds, percent, wayWords } from "../text/figures.js";
import { h, iconButton, say } from "./dom.js";
import { LinePlot } from "./line_plot.js";

/** @import { Coming, History } from "../state/history.js" */

/** @typedef {{picture: string, label: string, words: string}} Shown whose it is, and what is said of their connection */

export class ConnectionPanel extends HTMLElement {
  #title = h("h2", { tabindex: -1, id: "connection-title" }, "Connection");
  #way = h("p", { class: "hint" });
  #own;
  #layers = h("ul", { role: "list", class: "layers", "aria-label": "What you send" });
  #people = h("div", { class: "people" });
  #alone = h("p", { class: "hint" }, "Nothing comes from others just now.");
  /** @type {Map<string, PersonFigures>} */
  #rows = new Map();
  /** @type {Element | null} */
  #from = null;

  constructor() {
    super();
    this.hidden = true;
    this.setAttribute("role", "dialog");
    this.setAttribute("aria-labelledby", this.#title.id);
    const plot = (/** @type {string} */ title, /** @type {import("../text/figures.js").Unit} */ unit, /** @type {number} */ least) =>
      new LinePlot({ title, unit, least });
    this.#own = {
      sending: plot("Sending", bitrate, 100_000),
      receiving: plot("Receiving", bitrate, 100_000),
      lostSending: plot("Loss, sending", percent, 0.05),
      lostReceiving: plot("Loss, receiving", percent, 0.05),
      roundTrip: plot("Round trip", milliseconds, 0.05),
    };
    const close = iconButton({ label: "Close connection panel", icon: "close", tip: "Close", kind: "plain square" });
    close.addEventListener("click", () => this.close());
    this.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.close();
    });
    this.append(
      h("div", { class: "head" }, this.#title, close),
      h("div", { class: "body", tabindex: 0, role: "region", "aria-label": "Figures" }, this.#way, h("div", { class: "plots" }, ...Object.values(this.#own)), h("h3", {}, "What you send"), this.#layers, h("h3", {}, "What comes"), this.#alone, this.#people),
    );
  }

  /** @param {string} [picture] whose figures to begin with */
  open(picture) {
    if (this.hidden) this.#from = document.activeElement;
    this.hidden = false;
    this.dispatchEvent(new CustomEvent("watch"));
    const row = picture ? this.#rows.get(picture) : undefined;
    if (row) row.begin();
    else this.#title.focus({ preventScroll: true });
  }

  close() {
    if (this.hidden) return;
    const focused = this.contains(document.activeElement);
    this.hidden = true;
    this.dispatchEvent(new CustomEvent("unwatch"));
    if (focused && this.#from instanceof HTMLElement) this.#from.focus();
    this.#from = null;
  }

  /** @param {History} history @param {readonly Shown[]} shown everyone whose figures may be there @param {number} now */
  show({ own, layers, people, protocol, relayed, span }, shown, now) {
    say(this.#way, wayWords(protocol, relayed));
    for (const name of /** @type {(keyof typeof own)[]} */ (Object.keys(own))) this.#own[name].show(own[name], now, span);
    const sent = layers.map(({ kind, height, fps, bitrate: rate }) => (kind === "audio" ? `Sound: ${bitrate(rate)}` : `Picture of ${height} lines, ${Math.round(fps)} a second: ${bitrate(rate)}`));
    this.#layers.replaceChildren(...(sent.length > 0 ? sent : ["Nothing"]).map((text) => h("li", {}, text)));
    const there = shown.filter(({ picture }) => people.has(picture));
    this.#alone.hidden = there.length > 0;
    const kept = new Set(there.map(({ picture }) => picture));
    for (const [picture, row] of this.#rows) {
      if (kept.has(picture)) continue;
      row.remove();
      this.#rows.delete(picture);
    }
    for (const each of there) {
      const coming = people.get(each.picture);
      if (coming) this.#row(each.picture).show(each, coming, now, span);
    }
  }

  /** @param {string} picture */
  #row(picture) {
    const known = this.#rows.get(picture);
    if (known) return known;
    const row = new PersonFigures();
    this.#rows.set(picture, row);
    this.#people.append(row);
    return row;
  }
}

/** What comes of one person, or of one screen. */
class PersonFigures extends HTMLElement {
  #name = h("h4", { tabindex: -1 }, h("bdi"));
  #words = h("p", { class: "hint" });
  #bitrate = new LinePlot({ title: "Receiving", unit: bitrate, least: 100_000 });
  #height = new LinePlot({ title: "Layer", unit: lines, least: 180 });
  #lost = new LinePlot({ title: "Loss", unit: percent, least: 0.05 });

  constructor() {
    super();
    this.append(this.#name, this.#words, h("div", { class: "plots" }, this.#bitrate, this.#height, this.#lost));
  }

  begin() {
    this.scrollIntoView({ block: "nearest" });
    this.#name.focus({ preventScroll: true });
  }

  /** @param {Shown} shown @param {Coming} coming @param {number} now @param {number} span */
  show({ label, words }, { bitrate, height, lost, fps }, now, span) {
    const name = this.#name.firstElementChild;
    if (name && name.textContent !== label) name.textContent = label;
    const pictures = Math.round(fps) === 1 ? "1 picture" : `${Math.round(fps)} pictures`;
    const moving = height.at(-1)?.value ? `${pictures} a second. ` : "";
    say(this.#words, `${moving}${words}`);
    this.#bitrate.show(bitrate, now, span);
    this.#height.show(height, now, span);
    this.#lost.show(lost, now, span);
  }
}

customElements.define("connection-panel", ConnectionPanel);
customElements.define("person-figures", PersonFigures);
