/** Light or dark. The system decides until the person does; theme.js has applied the choice before the first paint. */

import { iconButton, setIcon } from "./dom.js";

const KEY = "chatroom.theme";

export class ThemeToggle extends HTMLElement {
  #button = iconButton({ label: "Dark theme", icon: "moon", kind: "plain square" });
  #system = matchMedia("(prefers-color-scheme: dark)");
  #follow = () => this.#show();

  constructor() {
    super();
    this.#button.addEventListener("click", () => this.#choose(this.#dark ? "light" : "dark"));
    this.append(this.#button);
  }

  connectedCallback() {
    this.#system.addEventListener("change", this.#follow);
    this.#show();
  }

  disconnectedCallback() {
    this.#system.removeEventListener("change", this.#follow);
  }

  get #dark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : this.#system.matches;
  }

  /** @param {"light" | "dark"} theme */
  #choose(theme) {
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // It holds for this page, then.
    }
    this.#show();
  }

  #show() {
    this.#button.setAttribute("aria-pressed", String(this.#dark));
    this.#button.dataset.tip = this.#dark ? "Use the light theme" : "Use the dark theme";
    const svg = this.#button.querySelector("svg");
    if (svg) setIcon(svg, this.#dark ? "sun" : "moon");
  }
}

customElements.define("theme-toggle", ThemeToggle);
