/** An SDP in sections: what is of the session, and then what is of each medium. Pure. */

/** @param {string} sdp */
export const sectionsOf = (sdp) => sdp.split(/(?=^m=)/m);

/** @param {string} section */
export const isSound = (section) => section.startsWith("m=audio");

/**
 * @param {string} sdp of a page's own connection, whose first section for sound is the microphone's
 * @param {(section: string) => string} change
 * @returns {string} the same with that section changed
 */
export function withMicrophone(sdp, change) {
  const sections = sectionsOf(sdp);
  const at = sections.findIndex(isSound);
  return sections.map((section, number) => (number === at ? change(section) : section)).join("");
}

/**
 * @param {string} section
 * @param {string} parameter of Opus (RFC 7587)
 * @returns {string} the section with it switched on, unless it says something of it already, or has no Opus
 */
export function withOpus(section, parameter) {
  const opus = /^a=rtpmap:(\d+) opus\//im.exec(section)?.[1];
  if (!opus) return section;
  const line = new RegExp(`^a=fmtp:${opus} (?!.*\\b${parameter}=)[^\\r\\n]*`, "m");
  return section.replace(line, (found) => `${found};${parameter}=1`);
}
