/** Sound that is not sent while there is none: a page asks for it in its own description (RFC 7587, usedtx). Pure. */

import { withMicrophone, withOpus } from "./sections.js";

/**
 * @param {string} sdp an offer, whose first line for sound is the microphone's
 * @returns {string}
 */
export const sparing = (sdp) => withMicrophone(sdp, (section) => withOpus(section, "usedtx"));
