import assert from "node:assert/strict";
import { test } from "node:test";

import { sparing } from "../../../web/static/rtc/sparing.js";

const sound = (/** @type {string} */ parameters) =>
  `m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 ${parameters}\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n`;
const picture = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\na=fmtp:96 x=1\r\n";

test("the microphone is not sent while it is silent, and nothing else is changed", () => {
  const [before, after] = ["minptime=10;useinbandfec=1", "minptime=10;useinbandfec=1;usedtx=1"];
  const sdp = (/** @type {string} */ parameters) => `v=0\r\n${sound(parameters)}${picture}${sound("stereo=1")}`;
  assert.equal(sparing(sdp(before)), sdp(after));
  assert.equal(sparing(sdp(after)), sdp(after));
  assert.equal(sparing(sdp("usedtx=0")), sdp("usedtx=0"));
  assert.equal(sparing(`v=0\r\n${picture}`), `v=0\r\n${picture}`);
  assert.equal(sparing("offer"), "offer");
});
