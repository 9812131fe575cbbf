/** The buttons one needs all the time. */

import { unreadWords } from "../text/words.js";
import { h, icon, iconButton } from "./dom.js";
import { SwitchButton } from "./switch_button.js";

export class ControlBar extends HTMLElement {
  microphone = new SwitchButton("microphone");
  camera = new SwitchButton("camera");
  #chat = iconButton({ label: "Chat", icon: "chat", tip: "Chat and people", key: "C" });
  #badge = h("span", { class: "badge", "aria-hidden": "true", hidden: true });
  #leave = h("button", { type: "button", class: "leave", "aria-label": "Leave", "data-tip": "Leave the room" }, icon("leave"), h("span", { class: "label" }, "Leave"));

  constructor() {
    super();
    this.#chat.append(this.#badge);
    this.#chat.setAttribute("aria-controls", "panel");
    this.#chat.addEventListener("click", () => this.dispatchEvent(new CustomEvent("chat")));
    this.#leave.addEventListener("click", () => this.dispatchEvent(new CustomEvent("leave")));
    this.append(this.microphone, this.camera, this.#chat, this.#leave);
    this.chatOpen = false;
  }

  set chatOpen(/** @type {boolean} */ open) {
    this.#chat.setAttribute("aria-pressed", String(open));
  }

  set unread(/** @type {number} */ unread) {
    this.#badge.hidden = unread === 0;
    this.#badge.textContent = unread > 99 ? "99+" : String(unread);
    this.#chat.setAttribute("aria-description", unreadWords(unread));
  }

  focusChat() {
    this.#chat.focus();
  }
}

customElements.define("control-bar", ControlBar);
