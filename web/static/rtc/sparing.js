/** Sound that is not sent while there is none: a page asks for it in its own description (RFC 7587, usedtx). Pure. */

/**
 * @param {string} sdp an offer, whose first line for sound is the microphone's
 * @returns {string}
 */
export function sparing(sdp) {
  let first = true;
  return sdp
    .split(/(?=^m=)/m)
    .map((section) => {
      if (!first || !section.startsWith("m=audio")) return section;
      first = false;
      return spared(section);
    })
    .join("");
}

/** @param {string} section */
function spared(section) {
  const opus = /^a=rtpmap:(\d+) opus\//im.exec(section)?.[1];
  if (!opus) return section;
  const line = new RegExp(`^a=fmtp:${opus} (?!.*\\busedtx=)[^\\r\\n]*`, "m");
  return section.replace(line, (found) => `${found};usedtx=1`);
}
