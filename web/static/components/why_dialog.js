/** Why somebody is not heard or seen: the question, the answer in words, and what it rests on. It asks nobody itself. */

import { h } from "./dom.js";
import { spinner } from "./spinner.js";
import { hopWords, whyChoices, whyTitle } from "../text/why.js";

/** @import { Someone } from "../text/why.js" */

/**
 * @typedef {{name: string, title: string, state: keyof typeof hopWords, figures: string}} Hop
 * @typedef {{verdict: {code: string, says: string, fix: string, certain: boolean}, hops: Hop[]}} Answer
 */

export class WhyDialog extends HTMLElement {
  #title = h("h2", { id: "why-title" });
  #who = h("select", { "aria-label": "Who" });
  #what = h("select", { "aria-label": "What" });
  #says = h("p", { class: "says" });
  #fix = h("p", { class: "fix" });
  #hops = h("ul", { role: "list" });
  #details = h("details", {}, h("summary", {}, "What was looked at"), this.#hops);
  #answer = h("div", { class: "answer", "aria-live": "polite" }, this.#says, this.#fix);
  #again = h("button", { type: "button", class: "plain" }, "Ask again");
  #close = h("button", { type: "button", class: "primary" }, "Close");
  #dialog = h(
    "dialog",
    { "aria-labelledby": "why-title" },
    this.#title,
    h("div", { class: "question" }, this.#who, this.#what),
    this.#answer,
    this.#details,
    h("div", { class: "buttons" }, this.#again, this.#close),
  );
  /** @type {Someone | null} */
  #you = null;
  /** @type {readonly Someone[]} whom it may be about */
  #people = [];

  constructor() {
    super();
    this.append(this.#dialog);
    this.#close.addEventListener("click", () => this.#dialog.close());
    this.#again.addEventListener("click", () => this.#ask());
    this.#what.addEventListener("change", () => this.#ask());
    this.#who.addEventListener("change", () => {
      this.#choose("to:");
      this.#ask();
    });
    // What lies around the dialog is the dialog's own, too.
    this.#dialog.addEventListener("click", ({ target }) => {
      if (target === this.#dialog) this.#dialog.close();
    });
  }

  /**
   * Ask about somebody, or, where that is oneself, about whoever may not hear or see one.
   * @param {Someone} about @param {readonly Someone[]} people everyone in the room
   */
  open(about, people) {
    this.#you = people.find(({ own }) => own) ?? null;
    this.#people = about.own ? people.filter(({ own }) => !own) : [about];
    if (!this.#you || this.#people.length === 0) return;
    this.#title.textContent = whyTitle(about);
    this.#who.replaceChildren(...this.#people.map(({ id, name }) => h("option", { value: id }, name)));
    this.#who.hidden = !about.own;
    this.#choose(about.own ? "to:" : "");
    this.#details.open = false;
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#what.focus();
    this.#ask();
  }

  close() {
    this.#dialog.close();
  }

  /** @param {Answer} answer */
  show({ verdict, hops }) {
    const sure = verdict.certain || verdict.code === "fine";
    this.#tell(sure ? verdict.says : `It may be this: ${verdict.says}`, verdict.fix, verdict.code === "fine" ? "fine" : "fault");
    this.#hops.replaceChildren(...hops.map((hop) => line(hop)));
    this.#details.hidden = hops.length === 0;
  }

  /** @param {string} why there is no answer */
  refuse(why) {
    this.#tell("There is no answer.", why, "fault");
    this.#details.hidden = true;
  }

  /** @param {string} begins with which the choices begin that are there */
  #choose(begins) {
    const about = this.#people.find(({ id }) => id === this.#who.value) ?? this.#people[0];
    if (!about || !this.#you) return;
    const choices = whyChoices(about, this.#you).filter(({ value }) => value.startsWith(begins));
    this.#what.replaceChildren(...choices.map(({ value, text }) => h("option", { value }, text)));
  }

  #ask() {
    const [direction, kind] = this.#what.value.split(":");
    const [them, you] = [this.#who.value, this.#you?.id];
    if (!you) return;
    this.#tell("Looking at every hop…", "", "busy");
    this.#says.prepend(spinner());
    this.#details.hidden = true;
    const detail = direction === "from" ? { from: them, to: you, kind } : { from: you, to: them, kind };
    this.dispatchEvent(new CustomEvent("question", { detail }));
  }

  /** @param {string} says @param {string} fix @param {"busy" | "fine" | "fault"} how */
  #tell(says, fix, how) {
    this.#says.textContent = says;
    this.#fix.textContent = fix;
    this.#answer.className = `answer ${how}`;
    this.#again.disabled = how === "busy";
  }
}

/** @param {Hop} hop */
function line({ title, state, figures }) {
  const { mark, says } = hopWords[state];
  const words = h("span", {}, title, h("span", { class: "visually-hidden" }, `: ${says}. `), h("small", {}, figures));
  return h("li", { class: state }, h("span", { class: "mark", "aria-hidden": "true" }, mark), words);
}

customElements.define("why-dialog", WhyDialog);
