/** That something is under way. What it is stands beside it. */

import { h } from "./dom.js";

/** @returns {HTMLElement} */
export const spinner = () => h("span", { class: "spinner", "aria-hidden": "true" });
