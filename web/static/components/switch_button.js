/** The button of a microphone or camera: pressed while it is on. */

import { iconButton, setIcon } from "./dom.js";

/** @import { Source } from "../protocol/types.js" */

const looks = {
  microphone: { label: "Microphone", key: "M", on: "mic", off: "mic-off" },
  camera: { label: "Camera", key: "V", on: "camera", off: "camera-off" },
};

export class SwitchButton extends HTMLElement {
  #look;
  #button;

  /** @param {Source} source */
  constructor(source) {
    super();
    this.#look = looks[source];
    this.#button = iconButton({ label: this.#look.label, icon: this.#look.on, key: this.#look.key, kind: "round switch" });
    this.#button.addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("switch", { bubbles: true, detail: { source, on: !this.#pressed } }));
    });
    this.append(this.#button);
    this.update({ on: false, busy: false, trouble: false });
  }

  get #pressed() {
    return this.#button.getAttribute("aria-pressed") === "true";
  }

  click() {
    this.#button.click();
  }

  focus() {
    this.#button.focus();
  }

  /** @param {{on: boolean, busy: boolean, trouble: boolean}} state */
  update({ on, busy, trouble }) {
    this.#button.setAttribute("aria-pressed", String(on));
    this.#button.setAttribute("aria-busy", String(busy));
    this.#button.classList.toggle("trouble", trouble && !on);
    this.#button.dataset.tip = `${on ? "Turn off" : "Turn on"} ${this.#look.label.toLowerCase()}`;
    const svg = this.#button.querySelector("svg");
    if (svg) setIcon(svg, on ? this.#look.on : this.#look.off);
  }
}

customElements.define("switch-button", SwitchButton);
