/** More about one person: how their connection is, what is wrong, and what can be done. Opened from their signal bars. */

import { h, iconButton } from "./dom.js";
import { NO_FEEDBACK } from "./signal_bars.js";

/** @import { Feedback } from "./signal_bars.js" */

/** Pixels between the card and what it was opened from, and the edges. */
const GAP = 8;

export class PersonCard extends HTMLElement {
  #name = h("h2", { tabindex: -1 });
  #words = h("p", { class: "words" });
  #details = h("ul", { role: "list" });
  /** What can be done about it: other parts of the page put their buttons here, and look at `person` when one is pressed. */
  actions = h("div", { class: "actions" });
  /** Whose card it is; "" while it is closed. */
  person = "";

  constructor() {
    super();
    this.popover = "auto";
    this.setAttribute("role", "dialog");
    const close = iconButton({ label: "Close", icon: "close", kind: "plain square" });
    delete close.dataset.tip;
    close.addEventListener("click", () => this.hidePopover());
    this.append(h("div", { class: "head" }, this.#name, close), this.#words, this.#details, this.actions);
    this.addEventListener("toggle", (event) => {
      if (/** @type {ToggleEvent} */ (event).newState === "closed") this.person = "";
    });
  }

  /** @param {string} id @param {string} label @param {Feedback} feedback @param {Element} from what it was opened from */
  open(id, label, feedback, from) {
    this.person = id;
    this.#name.textContent = label;
    this.setAttribute("aria-label", label);
    this.show(feedback);
    this.showPopover();
    this.#place(from.getBoundingClientRect());
    this.#name.focus({ preventScroll: true });
    // Other parts of the page say what they can do about this person.
    this.dispatchEvent(new CustomEvent("opened", { bubbles: true, detail: { id } }));
  }

  /** @param {Feedback} [feedback] */
  show({ words, details } = NO_FEEDBACK) {
    this.#words.textContent = words;
    const shown = details.map((detail) => h("li", {}, detail));
    this.#details.hidden = shown.length === 0;
    this.#details.replaceChildren(...shown);
  }

  /** @param {DOMRect} from */
  #place(from) {
    const { offsetWidth: width, offsetHeight: height } = this;
    const left = Math.max(GAP, Math.min(from.left, innerWidth - width - GAP));
    const above = from.top - height - GAP;
    const top = above >= GAP ? above : Math.min(from.bottom + GAP, innerHeight - height - GAP);
    this.style.left = `${left}px`;
    this.style.top = `${Math.max(GAP, top)}px`;
  }
}

customElements.define("person-card", PersonCard);
