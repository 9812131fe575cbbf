"""What Chromium offers on the publish leg, cut to what matters: enough for a worker to make a transport."""

from __future__ import annotations

_COMMON = [
    "c=IN IP4 0.0.0.0",
    "a=rtcp:9 IN IP4 0.0.0.0",
    "a=ice-ufrag:Fq3c",
    "a=ice-pwd:h0XdM7b1kQ5tVr2oZ8yJc4nE",
    "a=ice-options:trickle",
    "a=fingerprint:sha-256 " + ":".join(f"{number:02X}" for number in range(32)),
    "a=setup:actpass",
    "a=sendonly",
    "a=rtcp-mux",
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
]

OFFER = "\r\n".join(
    [
        "v=0",
        "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=extmap-allow-mixed",
        "a=msid-semantic: WMS",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        *_COMMON,
        "a=mid:0",
        "a=msid:- 6f1c1a7e",
        "a=rtpmap:111 opus/48000/2",
        "a=rtcp-fb:111 transport-cc",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=ssrc:1001 cname:chromium",
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
        *_COMMON,
        "a=mid:1",
        "a=msid:- 7e2d2b8f",
        "a=rtcp-rsize",
        "a=rtpmap:96 VP8/90000",
        "a=rtcp-fb:96 goog-remb",
        "a=rtcp-fb:96 transport-cc",
        "a=rtcp-fb:96 ccm fir",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:96 nack pli",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "a=ssrc-group:FID 2001 2002",
        "a=ssrc:2001 cname:chromium",
        "a=ssrc:2002 cname:chromium",
        "",
    ]
)
TRACKS = {"0": "microphone", "1": "camera"}
