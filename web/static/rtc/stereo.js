/** Sound that keeps both its sides: a browser decodes one, unless its own description asks for two (RFC 7587). Pure. */

/**
 * @param {string} sdp
 * @param {ReadonlySet<string>} mids of the lines whose sound is in stereo
 * @returns {string}
 */
export function inStereo(sdp, mids) {
  if (mids.size === 0) return sdp;
  return sdp
    .split(/(?=^m=)/m)
    .map((section) => (mids.has(/^a=mid:(\S+)/m.exec(section)?.[1] ?? "") ? both(section) : section))
    .join("");
}

/** @param {string} section */
function both(section) {
  const opus = /^a=rtpmap:(\d+) opus\//im.exec(section)?.[1];
  if (!opus) return section;
  const line = new RegExp(`^a=fmtp:${opus} (?!.*\\bstereo=)[^\\r\\n]*`, "m");
  return section.replace(line, (found) => `${found};stereo=1`);
}
