/** Building elements. Data only ever becomes text nodes and attributes, never markup. */

/** @typedef {Record<string, string | number | boolean | null | undefined>} Attributes */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes] `true` sets an empty attribute; `false`, null and undefined set none
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} name of a symbol in the page
 * @param {string} [label] what it says to those who do not see it; without one it is decoration
 * @returns {SVGSVGElement}
 */
export function icon(name, label) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.append(use);
  svg.setAttribute("class", "icon");
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  setIcon(svg, name);
  return svg;
}

/** @param {SVGSVGElement} svg @param {string} name */
export function setIcon(svg, name) {
  const address = `#icon-${name}`;
  const use = svg.firstElementChild;
  if (use?.getAttribute("href") !== address) use?.setAttribute("href", address);
}

/**
 * @param {object} options
 * @param {string} options.label its accessible name
 * @param {string} options.icon
 * @param {string} [options.tip] what the pointer is told; the label if not given
 * @param {string} [options.key] a shortcut, where the view around it has them
 * @param {string} [options.kind] a class
 * @returns {HTMLButtonElement}
 */
export function iconButton({ label, icon: name, tip = label, key, kind = "round" }) {
  return h("button", { type: "button", class: kind, "aria-label": label, "data-tip": tip, "data-key": key }, icon(name));
}

/**
 * Shows an element exactly while it has something to say.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === "";
}
