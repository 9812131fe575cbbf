/** Which microphone, camera and speaker to use. */

import { h, icon } from "./dom.js";

/** @import { Choice, DeviceLists } from "../rtc/devices.js" */

/** @typedef {"microphone" | "camera" | "speaker"} DeviceKind */
/** @typedef {{kind: DeviceKind, id: string}} DeviceChosen */

const kinds = /** @type {const} */ ([
  { kind: "microphone", label: "Microphone device", short: "Microphone", list: "microphones", symbol: "mic" },
  { kind: "camera", label: "Camera device", short: "Camera", list: "cameras", symbol: "camera" },
  { kind: "speaker", label: "Speaker device", short: "Speaker", list: "speakers", symbol: "speaker" },
]);

export class DevicePicker extends HTMLElement {
  /** @type {Map<DeviceKind, HTMLSelectElement>} */
  #selects = new Map();

  constructor() {
    super();
    for (const { kind, label, short, symbol } of kinds) {
      if (kind === "speaker" && !("setSinkId" in HTMLMediaElement.prototype)) continue;
      const select = h("select", { "aria-label": label });
      select.addEventListener("change", () => {
        /** @type {DeviceChosen} */
        const detail = { kind, id: select.value };
        this.dispatchEvent(new CustomEvent("device", { bubbles: true, detail }));
      });
      this.#selects.set(kind, select);
      this.append(h("label", {}, icon(symbol), h("span", { class: "visually-hidden" }, short), select));
    }
  }

  /**
   * @param {DeviceLists} lists
   * @param {Record<DeviceKind, string>} chosen ids, "" where the browser chooses
   */
  show(lists, chosen) {
    for (const { kind, list, short } of kinds) {
      const select = this.#selects.get(kind);
      if (select) fill(select, lists[list], chosen[kind], short);
    }
  }
}

/**
 * @param {HTMLSelectElement} select
 * @param {Choice[]} choices
 * @param {string} chosen
 * @param {string} name
 */
function fill(select, choices, chosen, name) {
  const offered = choices.length > 0 ? choices : [{ id: "", label: `Default ${name.toLowerCase()}` }];
  const before = [...select.options].map(({ value, text }) => `${value}\n${text}`).join();
  const after = offered.map(({ id, label }) => `${id}\n${label}`).join();
  if (before !== after) select.replaceChildren(...offered.map(({ id, label }) => h("option", { value: id }, label)));
  select.disabled = choices.length === 0;
  select.value = offered.some(({ id }) => id === chosen) ? chosen : (offered[0]?.id ?? "");
}

customElements.define("device-picker", DevicePicker);
