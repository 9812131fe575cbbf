/** Someone's initials on a colour that is always theirs. */

import { hueOf, initials } from "../text/names.js";
import { h } from "./dom.js";

/**
 * @param {string} name
 * @returns {HTMLElement}
 */
export function avatar(name) {
  // The stylesheet shows them: they are a picture, not a part of what is written.
  const element = h("span", { class: "avatar", "aria-hidden": "true", "data-initials": initials(name) });
  tint(element, name);
  return element;
}

/** @param {HTMLElement} element @param {string} name */
export function tint(element, name) {
  element.style.setProperty("--hue", String(hueOf(name)));
}
