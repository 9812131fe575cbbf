/** Before joining: how one looks and sounds, and under which name. */

import { nameProblem } from "../text/names.js";
import { CopyLink } from "./copy_link.js";
import { DevicePicker } from "./device_picker.js";
import { h, icon, say } from "./dom.js";
import { LobbyPreview } from "./lobby_preview.js";
import { ThemeToggle } from "./theme_toggle.js";

/** @typedef {{title: string, advice: string}} ProblemWords */

export class LobbyView extends HTMLElement {
  preview = new LobbyPreview();
  picker = new DevicePicker();
  #name = h("input", { id: "your-name", name: "name", autocomplete: "name", maxlength: 200, enterkeyhint: "go", placeholder: "How the others will see you", "aria-describedby": "name-problem" });
  #nameProblem = h("p", { class: "problem", id: "name-problem", role: "alert", hidden: true });
  #refusal = h("p", { class: "problem box", role: "alert", hidden: true });
  #problems = h("div", { class: "device-problems", "aria-live": "polite" });
  #joining = false;
  #join = h("button", { type: "submit", class: "primary" }, "Join");

  /** @param {{room: string, name: string}} given */
  constructor({ room, name }) {
    super();
    this.#name.value = name;
    this.preview.name = name;
    const form = h(
      "form",
      {},
      h("p", { class: "eyebrow" }, "You are about to join"),
      h("h1", {}, h("bdi", {}, room)),
      h("label", { for: "your-name" }, "Your name"),
      this.#name,
      this.#nameProblem,
      this.picker,
      this.#problems,
      this.#refusal,
      h("div", { class: "actions" }, this.#join, new CopyLink()),
    );
    form.noValidate = true;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#name.addEventListener("input", () => {
      say(this.#nameProblem, "");
      this.#name.removeAttribute("aria-invalid");
      this.preview.name = this.#name.value;
    });
    const home = h("a", { href: "/", class: "brand" }, icon("logo"), "Chatroom");
    this.append(h("header", { class: "page-head" }, home, new ThemeToggle()), h("main", { class: "lobby" }, this.preview, form));
  }

  /** Put the cursor where the next thing is to be done. */
  begin() {
    (this.#name.value ? this.#join : this.#name).focus({ preventScroll: true });
  }

  /** @param {ProblemWords[]} problems of the devices */
  set problems(problems) {
    const shown = this.#problems.textContent;
    if (shown === problems.map(({ title, advice }) => title + advice).join("")) return;
    const notes = problems.map(({ title, advice }) => h("div", { class: "note" }, icon("alert"), h("div", {}, h("b", {}, title), h("p", {}, advice))));
    this.#problems.replaceChildren(...notes);
  }

  /** @param {boolean} joining */
  set joining(joining) {
    // Not disabled: that would take the keyboard away from whoever is refused and wants to try again.
    this.#join.setAttribute("aria-disabled", String(joining));
    this.#joining = joining;
    this.#join.textContent = joining ? "Joining…" : "Join";
    if (joining) say(this.#refusal, "");
  }

  /** @param {string} problem what the server said of the name */
  refuseName(problem) {
    say(this.#nameProblem, problem);
    this.#name.setAttribute("aria-invalid", "true");
    this.#name.focus();
  }

  /** @param {string} problem why one cannot join */
  refuse(problem) {
    say(this.#refusal, problem);
  }

  #submit() {
    if (this.#joining) return;
    const problem = nameProblem(this.#name.value);
    if (problem !== null) return this.refuseName(problem);
    const name = this.#name.value.trim();
    this.dispatchEvent(new CustomEvent("join", { bubbles: true, detail: { name } }));
  }
}

customElements.define("lobby-view", LobbyView);
