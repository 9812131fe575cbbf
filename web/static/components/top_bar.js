/** Which room this is and who is in it, and what is needed now and then. */

import { CopyLink } from "./copy_link.js";
import { DevicePicker } from "./device_picker.js";
import { h, icon, iconButton } from "./dom.js";
import { ThemeToggle } from "./theme_toggle.js";

export class TopBar extends HTMLElement {
  picker = new DevicePicker();
  #room;
  #shortcuts = h("input", { type: "checkbox", checked: true });
  #muteHint = h("input", { type: "checkbox", checked: true });
  #muteHintLine = h("label", { class: "choice", hidden: true }, this.#muteHint, "Tell me when I talk while muted");
  #settings;
  #count = h("span");
  #people = h("button", { type: "button", class: "plain", "data-tip": "Who is here" }, icon("people"), this.#count);

  /** @param {string} room */
  constructor(room) {
    super();
    this.#room = h("h1", { tabindex: -1 }, h("bdi", {}, room));
    const settings = iconButton({ label: "Settings", icon: "settings", kind: "plain square" });
    settings.setAttribute("popovertarget", "settings");
    const connection = h("button", { type: "button", class: "plain wide" }, "Connection details");
    connection.addEventListener("click", () => {
      this.#settings.hidePopover();
      this.dispatchEvent(new CustomEvent("connection"));
    });
    this.#settings = h("div", { id: "settings", popover: "auto", role: "dialog", "aria-label": "Settings" }, h("h2", {}, "Devices"), this.picker, h("label", { class: "choice" }, this.#shortcuts, "Keyboard shortcuts M, V and C"), this.#muteHintLine, connection);
    this.#people.addEventListener("click", () => this.dispatchEvent(new CustomEvent("people")));
    this.#shortcuts.addEventListener("change", () => {
      this.dispatchEvent(new CustomEvent("shortcuts", { bubbles: true, detail: { on: this.#shortcuts.checked } }));
    });
    this.#muteHint.addEventListener("change", () => {
      this.dispatchEvent(new CustomEvent("mutehint", { bubbles: true, detail: { on: this.#muteHint.checked } }));
    });
    this.append(this.#room, this.#people, h("span", { class: "space" }), new CopyLink(), new ThemeToggle(), settings, this.#settings);
  }

  /** @param {number} count */
  set count(count) {
    this.#count.textContent = String(count);
    this.#people.setAttribute("aria-label", `People in the room: ${count}`);
  }

  set shortcuts(/** @type {boolean} */ on) {
    this.#shortcuts.checked = on;
  }

  /** Whether whoever talks while muted is told; null where that cannot be. @param {boolean | null} on */
  set muteHint(on) {
    this.#muteHintLine.hidden = on === null;
    this.#muteHint.checked = on ?? false;
  }

  openSettings() {
    this.#settings.showPopover();
    this.#settings.querySelector("select")?.focus();
  }

  begin() {
    this.#room.focus({ preventScroll: true });
  }
}

customElements.define("top-bar", TopBar);
