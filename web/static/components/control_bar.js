/** The buttons one needs all the time. */

import { unreadWords } from "../text/words.js";
import { h, icon, iconButton } from "./dom.js";
import { SwitchButton } from "./switch_button.js";

export class ControlBar extends HTMLElement {
  microphone = new SwitchButton("microphone");
  camera = new SwitchButton("camera");
  #share = iconButton({ label: "Share screen", icon: "screen", key: "S" });
  #chat = iconButton({ label: "Chat", icon: "chat", tip: "Chat and people", key: "C" });
  #badge = h("span", { class: "badge", "aria-hidden": "true", hidden: true });
  #leave = h("button", { type: "button", class: "leave", "aria-label": "Leave", "data-tip": "Leave the room" }, icon("leave"), h("span", { class: "label" }, "Leave"));

  constructor() {
    super();
    this.#share.hidden = true;
    this.#share.addEventListener("click", () => this.dispatchEvent(new CustomEvent("share")));
    this.#chat.append(this.#badge);
    this.#chat.setAttribute("aria-controls", "panel");
    this.#chat.addEventListener("click", () => this.dispatchEvent(new CustomEvent("chat")));
    this.#leave.addEventListener("click", () => this.dispatchEvent(new CustomEvent("leave")));
    this.append(this.microphone, this.camera, this.#share, this.#chat, this.#leave);
    this.chatOpen = false;
  }

  /** @param {{possible: boolean, sharing: boolean}} state where a screen cannot be shared there is no button */
  showSharing({ possible, sharing }) {
    this.#share.hidden = !possible;
    this.#share.setAttribute("aria-pressed", String(sharing));
    this.#share.dataset.tip = sharing ? "Stop sharing" : "Share your screen";
  }

  share() {
    if (!this.#share.hidden) this.#share.click();
  }

  focusShare() {
    this.#share.focus();
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
