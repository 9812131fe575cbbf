/** The room: pictures, people, chat and the buttons, put together. It shows what it is given and says what was pressed. */

import { CallBanner } from "./banner.js";
import { ConnectionPanel } from "./connection_panel.js";
import { ControlBar } from "./control_bar.js";
import { CopyLink } from "./copy_link.js";
import { h } from "./dom.js";
import { HintBar } from "./hint_bar.js";
import { PeopleGrid } from "./people_grid.js";
import { PersonCard } from "./person_card.js";
import { ShareNote } from "./share_note.js";
import { SidePanel } from "./side_panel.js";
import { StatusToasts } from "./toasts.js";
import { TopBar } from "./top_bar.js";
import { WhyDialog } from "./why_dialog.js";

/** @import { Message } from "../protocol/types.js" */
/** @import { Person } from "../state/room.js" */
/** @import { SharedScreen } from "../state/screens.js" */

export class RoomView extends HTMLElement {
  top;
  grid = new PeopleGrid();
  panel = new SidePanel();
  controls = new ControlBar();
  toasts = new StatusToasts();
  sharing = new ShareNote();
  banner = new CallBanner();
  connection = new CallBanner();
  hint = new HintBar();
  card = new PersonCard();
  figures = new ConnectionPanel();
  why = new WhyDialog();
  #alone = h("div", { class: "alone", hidden: true });
  #aloneTitle = h("h2", {}, "You are the first here");
  #unread = 0;
  #shortcuts = true;
  #keys = (/** @type {KeyboardEvent} */ event) => this.#shortcut(event);

  /** @param {string} room */
  constructor(room) {
    super();
    this.top = new TopBar(room);
    this.#alone.append(
      h("div", {}, this.#aloneTitle, h("p", {}, "Share the link, and the others can join from their browser.")),
      new CopyLink({ kind: "primary", label: "Copy the link" }),
    );
    const pictures = h("div", { class: "pictures" }, this.grid, this.toasts);
    // The hint has a place of its own: over the pictures it would hide whose they are, and what is marked at them.
    const stage = h("main", { class: "stage" }, this.connection, this.banner, this.sharing, pictures, this.hint, this.#alone);
    this.append(this.top, stage, this.panel, this.controls, this.figures, this.card, this.why);

    this.top.addEventListener("people", () => this.toggleChat());
    this.controls.addEventListener("chat", () => this.toggleChat());
    this.panel.addEventListener("close", () => {
      if (this.panel.open) this.toggleChat();
    });
    this.panel.addEventListener("open", () => {
      if (!this.panel.open) this.toggleChat();
    });
    this.addEventListener("copied", () => this.toasts.say("The link to this room is copied", { unseen: true }));
  }

  connectedCallback() {
    document.addEventListener("keydown", this.#keys);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#keys);
  }

  /** @param {Person[]} people @param {SharedScreen[]} screens */
  show(people, screens) {
    this.grid.show(people, screens);
    this.panel.people.people = people;
    this.panel.count = this.top.count = people.length;
    this.#alone.hidden = people.length !== 1;
    if (people.length > 1) this.#aloneTitle.textContent = "Nobody else is here now";
  }

  /**
   * @param {readonly Message[]} messages
   * @param {string} you
   */
  showMessages(messages, you) {
    this.panel.log.show(messages, you);
  }

  /**
   * Something was said while nobody may have been looking at the chat.
   * @param {Message} message
   */
  notice(message) {
    if (this.panel.open) return;
    this.controls.unread = ++this.#unread;
    const short = message.text.length > 90 ? `${message.text.slice(0, 89)}…` : message.text;
    this.toasts.say(`${message.name}: ${short}`, { about: "chat", name: message.name });
  }

  /** Whether single letters are shortcuts. Who speaks to the computer, or hits keys by accident, is better off without. */
  set shortcuts(/** @type {boolean} */ on) {
    this.#shortcuts = on;
    this.top.shortcuts = on;
    this.classList.toggle("no-keys", !on);
    for (const button of this.querySelectorAll("[data-key]")) {
      if (on) button.setAttribute("aria-keyshortcuts", button.getAttribute("data-key") ?? "");
      else button.removeAttribute("aria-keyshortcuts");
    }
  }

  toggleChat() {
    const open = !this.panel.open;
    this.panel.open = open;
    this.classList.toggle("with-panel", open);
    this.controls.chatOpen = open;
    this.#unread = 0;
    this.controls.unread = 0;
    this.toasts.clear("chat");
    if (open && this.panel.contains(document.activeElement)) return;
    // On a touch screen the keyboard would cover what was just opened.
    if (open && matchMedia("(pointer: fine)").matches) this.panel.form.focus();
    else this.controls.focusChat();
  }

  /**
   * Put the keyboard where the room begins.
   * @param {string} draft what was being written when an earlier call ended
   */
  begin(draft) {
    this.top.begin();
    this.panel.form.draft = draft;
  }

  /** @param {KeyboardEvent} event */
  #shortcut(event) {
    if (!this.#shortcuts || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("input, textarea, select, [contenteditable], [popover], dialog")) return;
    switch (event.key.toLowerCase()) {
      case "m":
        return this.controls.microphone.click();
      case "v":
        return this.controls.camera.click();
      case "s":
        return this.controls.share();
      case "c":
        event.preventDefault();
        return this.toggleChat();
    }
  }
}

customElements.define("room-view", RoomView);
