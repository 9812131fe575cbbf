/** The first page: a name for a room, suggested or one's own. */

import { roomPath, slug, suggestRoom } from "../text/rooms.js";
import { h, icon, iconButton, say } from "./dom.js";

export class RoomChooser extends HTMLElement {
  #box = h("input", { id: "room-name", autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 200, enterkeyhint: "go", "aria-describedby": "room-link room-problem" });
  #link = h("p", { class: "hint", id: "room-link" });
  #problem = h("p", { class: "problem", id: "room-problem", role: "alert", hidden: true });

  constructor() {
    super();
    const another = iconButton({ label: "Suggest another name", icon: "dice", kind: "plain square" });
    another.addEventListener("click", () => this.#suggest());
    const form = h(
      "form",
      {},
      h("label", { for: "room-name" }, "Room name"),
      h("div", { class: "field" }, this.#box, another),
      this.#link,
      this.#problem,
      h("button", { type: "submit", class: "primary" }, "Continue", icon("arrow")),
    );
    form.noValidate = true;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#box.addEventListener("input", () => this.#hint());
    this.append(form);
    this.#suggest();
  }

  #suggest() {
    this.#box.value = suggestRoom();
    this.#hint();
  }

  #hint() {
    const room = slug(this.#box.value);
    say(this.#problem, "");
    this.#link.replaceChildren(room ? h("span", {}, "Your link: ", h("b", {}, `${location.host}/r/${room}`)) : "The link will be shown here.");
  }

  #submit() {
    const room = slug(this.#box.value);
    if (room === "") {
      say(this.#problem, "Enter a name with at least one letter or digit.");
      return this.#box.focus();
    }
    this.dispatchEvent(new CustomEvent("chosen", { bubbles: true, detail: { path: roomPath(room) } }));
  }
}

customElements.define("room-chooser", RoomChooser);
