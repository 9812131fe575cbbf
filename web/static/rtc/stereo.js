/** Sound that keeps both its sides: a browser decodes one, unless its own description asks for two (RFC 7587). Pure. */

import { sectionsOf, withOpus } from "./sections.js";

/**
 * @param {string} sdp
 * @param {ReadonlySet<string>} mids of the lines whose sound is in stereo
 * @returns {string}
 */
export function inStereo(sdp, mids) {
  if (mids.size === 0) return sdp;
  return sectionsOf(sdp)
    .map((section) => (mids.has(/^a=mid:(\S+)/m.exec(section)?.[1] ?? "") ? withOpus(section, "stereo") : section))
    .join("");
}
