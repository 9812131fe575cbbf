from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from media.messages import MAX_SDP, MAX_TRACKS
from media.worker import sdp
from media.worker.codecs import AUDIO_LEVEL, AV1, H264, MID, OPUS, VP8, VP9, decodes, fits
from media.worker.errors import RequestError
from media.worker.publish_leg import read_offer
from media.worker.sdp import Format
from media.worker.sdp_writer import OfferedLine, OfferedTrack, TransportLines, write_answer, write_offer

FINGERPRINT = "sha-256 " + ":".join(["AB"] * 32)
TRANSPORT = TransportLines("ufrag", "password", FINGERPRINT, ("1 1 udp 1 192.0.2.1 10 typ host",))

#: As Chromium writes it, shortened.
OFFER = "\r\n".join(
    [
        "v=0",
        "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1 2",
        "a=extmap-allow-mixed",
        "a=msid-semantic: WMS",
        "m=audio 9 UDP/TLS/RTP/SAVPF 63 111 9 0",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:0123456789abcdef0123456789",
        "a=ice-options:trickle",
        f"a=fingerprint:{FINGERPRINT}",
        "a=setup:actpass",
        "a=mid:0",
        "a=extmap:1/sendonly urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=sendonly",
        "a=msid:- track",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=rtpmap:63 red/48000/2",
        "a=fmtp:63 111/111",
        "a=rtpmap:111 opus/48000/2",
        "a=rtcp-fb:111 transport-cc",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=rtpmap:9 G722/8000",
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97 39",
        "c=IN IP4 0.0.0.0",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:0123456789abcdef0123456789",
        f"a=fingerprint:{FINGERPRINT}",
        "a=setup:actpass",
        "a=mid:1",
        "a=extmap:13 urn:3gpp:video-orientation",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtpmap:96 VP8/90000",
        "a=rtcp-fb:96 goog-remb",
        "a=rtcp-fb:96 ccm fir",
        "a=rtcp-fb:* nack pli",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "a=ssrc-group:FID 1 2",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:0123456789abcdef0123456789",
        "a=setup:actpass",
        "a=mid:2",
        "a=sctp-port:5000",
        "",
    ]
)


def test_reads_what_a_browser_offers() -> None:
    offer = sdp.read(OFFER, MAX_TRACKS)
    assert offer.ufrag == "abcd"
    assert offer.fingerprints == (("sha-256", FINGERPRINT.split()[1]),)
    audio, video, data = offer.media
    assert (audio.mid, audio.codec, audio.direction) == ("0", OPUS, "sendonly")
    assert audio.format is not None
    assert audio.format.payload_type == 111
    assert audio.extensions == {AUDIO_LEVEL: 1, MID: 4}
    assert audio.format.feedback == {"transport-cc"}
    assert video.codecs == (Format(VP8, 96, {}, frozenset({"goog-remb", "ccm fir", "nack pli"}), 97),)
    assert (data.kind, data.rejected) == ("application", True)


def test_the_answer_receives_what_is_wanted_and_refuses_the_rest() -> None:
    offer = sdp.read(OFFER, MAX_TRACKS)
    answer = write_answer(1, 2, TRANSPORT, [(line, line.mid == "1") for line in offer.media])
    parsed = SessionDescription.parse(answer)
    assert [(m.kind, m.port, m.direction) for m in parsed.media] == [
        ("audio", 9, "inactive"),
        ("video", 9, "recvonly"),
        ("application", 0, None),
    ]
    assert parsed.group[0].items == ["0", "1"]
    assert parsed.media[1].fmt == [96, 97]
    assert "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96" in answer
    assert answer.count("a=ice-lite") == 1
    assert answer.index("a=ice-lite") < answer.index("m=")
    assert "a=setup:passive" in answer
    assert "video-orientation" not in answer
    assert "goog-remb" not in answer
    assert answer.count("a=candidate:1 1 udp 1 192.0.2.1 10 typ host\r\na=end-of-candidates") == 1
    assert "a=fmtp:111 minptime=10;useinbandfec=1" in answer


def test_a_codec_that_is_not_forwarded_is_refused() -> None:
    offer = sdp.read(OFFER.replace("VP8/90000", "theora/90000"), MAX_TRACKS)
    assert offer.media[1].rejected
    assert "m=video 0 " in write_answer(1, 1, TRANSPORT, [(line, False) for line in offer.media])


def test_the_offer_of_a_subscribe_leg() -> None:
    text = write_offer(
        1,
        1,
        TRANSPORT,
        [
            OfferedLine("0", "audio", (OPUS,), OfferedTrack("alice", "alice-0", "alice", 77)),
            OfferedLine("1", "video", (VP8,), None),
            OfferedLine("2", "video", (VP8,), OfferedTrack("alice", "alice-1", "alice", 78, 79)),
        ],
    )
    audio, video, camera = SessionDescription.parse(text).media
    assert (audio.direction, video.direction) == ("sendonly", "inactive")
    assert audio.msid == "alice alice-0"
    assert (audio.ssrc[0].ssrc, audio.ssrc[0].cname) == (77, "alice")
    assert [c.payloadType for c in audio.rtp.codecs + video.rtp.codecs] == [111, 96, 97]
    assert video.ssrc == []
    assert [(group.semantic, group.items) for group in camera.ssrc_group] == [("FID", [78, 79])]
    assert [described.ssrc for described in camera.ssrc] == [78, 79]
    assert {"a=rtcp-fb:96 nack", "a=rtcp-fb:96 goog-remb"} <= set(text.split("\r\n"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: "", "no m-line"),
        (lambda text: text.replace("a=mid:1", "a=mid:0"), "same mid"),
        (lambda text: text.replace("a=mid:1\r\n", ""), "no mid"),
        (lambda text: text.replace("a=mid:1", "a=mid:1 2"), "token"),
        (lambda text: text.replace("a=rtcp-mux\r\n", ""), "rtcp-mux"),
        (lambda text: text.replace("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0"), "BUNDLE"),
        (lambda text: text.replace("actpass", "passive"), "setup"),
        (lambda text: text.replace("a=setup:actpass\r\n", ""), "setup"),
        (lambda text: text.replace("actpass", "sideways"), "parsed"),
        (lambda text: text.replace("a=ice-ufrag:abcd\r\n", ""), "ice-ufrag"),
        (lambda text: text.replace(f"a=fingerprint:{FINGERPRINT}\r\n", ""), "fingerprint"),
        (lambda text: text.replace(FINGERPRINT, "sha-256 zz"), "fingerprint"),
        (lambda text: text.replace("m=audio 9", "m=audio 0").replace("m=video 9", "m=video 0"), "rejected"),
        (lambda text: text.replace("UDP/TLS/RTP/SAVPF 63", "UDP/TLS/RTP/SAVPF x"), "parsed"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(change: Callable[[str], str], words: str) -> None:
    with pytest.raises(RequestError, match=words) as caught:
        sdp.read(change(OFFER), MAX_TRACKS)
    assert caught.value.code == "bad_sdp"


@pytest.mark.parametrize(
    "line",
    [
        "a=rtcp-fb:* x",
        "a=ssrc:1 cname:x",
        "a=fmtp:1 x",
        "a=rtpmap:1 x/1",
        "a=extmap:1 x",
        "a=mid:x",
        "x",
        "a=group:BUNDLE x",
    ],
)
def test_a_great_deal_of_junk_is_read_quickly(line: str) -> None:
    text = OFFER + "".join(f"{line}\r\n" for _ in range((MAX_SDP - len(OFFER)) // (len(line) + 2)))
    began = time.thread_time()
    with contextlib.suppress(RequestError):
        sdp.read(text, MAX_TRACKS)
    assert time.thread_time() - began < 0.2


def test_too_much_is_not_parsed_at_all() -> None:
    with pytest.raises(RequestError) as caught:
        sdp.read("x" * (MAX_SDP + 1), MAX_TRACKS)
    assert caught.value.code == "sdp_too_large"
    with pytest.raises(RequestError) as caught:
        sdp.read("m=audio\r\n" * (MAX_TRACKS + 1), MAX_TRACKS)
    assert caught.value.code == "too_many_tracks"


LINES = OFFER.split("\r\n")


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(LINES) | st.text(max_size=20).map("a=".__add__), max_size=60).map("\r\n".join)
    | st.tuples(st.integers(0, len(OFFER)), st.integers(0, 30), st.text(max_size=10)).map(
        lambda cut: OFFER[: cut[0]] + cut[2] + OFFER[cut[0] + cut[1] :]
    )
)
def test_any_text_is_a_description_or_refused(text: str) -> None:
    try:
        offer = sdp.read(text, MAX_TRACKS)
    except RequestError:
        return
    answer = write_answer(1, 1, TRANSPORT, [(line, not line.rejected) for line in offer.media])
    assert len(SessionDescription.parse(answer).media) == len(offer.media)


def test_a_participant_has_one_track_of_each_source() -> None:
    with pytest.raises(RequestError) as caught:
        read_offer(OFFER, {"0": "microphone", "1": "microphone"})
    assert caught.value.code == "too_many_tracks"


def test_layers_that_are_offered_are_received() -> None:
    lines = "a=rid:q send\r\na=rid:h send\r\na=rid:f send\r\na=simulcast:send q;~h;f,x\r\n"
    offer = sdp.read(OFFER.replace("a=rtpmap:96", lines + "a=rtpmap:96"), MAX_TRACKS)
    assert [line.rids for line in offer.media] == [(), ("q", "h", "f"), ()]
    answer = write_answer(1, 2, TRANSPORT, [(line, True) for line in offer.media])
    assert "a=rid:q recv\r\na=rid:h recv\r\na=rid:f recv\r\na=simulcast:recv q;h;f\r\n" in answer


@pytest.mark.parametrize(
    "lines",
    [
        "a=rid:q send\r\na=rid:h send\r\n",  # of which one is sent
        "a=rid:q send\r\na=simulcast:send q\r\n",
        "a=rid:q recv\r\na=rid:h recv\r\na=simulcast:recv q;h\r\n",
        "a=simulcast:send q;h\r\n",
    ],
)
def test_what_is_no_simulcast(lines: str) -> None:
    assert sdp.read(OFFER.replace("a=rtpmap:96", lines + "a=rtpmap:96"), MAX_TRACKS).media[1].rids == ()


def test_no_more_layers_than_there_are_uses_for() -> None:
    rids = [f"r{number}" for number in range(20)]
    lines = "".join(f"a=rid:{rid} send\r\n" for rid in rids) + f"a=simulcast:send {';'.join(rids)}\r\n"
    offer = sdp.read(OFFER.replace("a=rtpmap:96", lines + "a=rtpmap:96"), MAX_TRACKS)
    assert offer.media[1].rids == ("r0", "r1", "r2")


#: As Firefox writes it, shortened: the fingerprint is the session's, and all but the first m-line are bundle-only.
FIREFOX = "\r\n".join(
    [
        "v=0",
        "o=mozilla...THIS_IS_SDPARTA-99.0 1046605832158588940 0 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=sendrecv",
        f"a=fingerprint:{FINGERPRINT}",
        "a=group:BUNDLE 0 1",
        "a=ice-options:trickle",
        "a=msid-semantic:WMS *",
        "m=audio 9 UDP/TLS/RTP/SAVPF 109 9",
        "c=IN IP4 0.0.0.0",
        "a=sendonly",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=ice-pwd:53d63fa6b104dce4c490dd9cef02ed28",
        "a=ice-ufrag:8443df4f",
        "a=mid:0",
        "a=rtcp-mux",
        "a=rtpmap:109 opus/48000/2",
        "a=rtpmap:9 G722/8000/1",
        "a=setup:actpass",
        "m=video 0 UDP/TLS/RTP/SAVPF 120 124",
        "c=IN IP4 0.0.0.0",
        "a=bundle-only",
        "a=sendonly",
        "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=fmtp:124 apt=120",
        "a=ice-pwd:53d63fa6b104dce4c490dd9cef02ed28",
        "a=ice-ufrag:8443df4f",
        "a=mid:1",
        "a=rtcp-fb:120 nack pli",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=rtpmap:120 VP8/90000",
        "a=rtpmap:124 rtx/90000",
        "a=setup:actpass",
        "",
    ]
)


def test_bundle_only_is_not_rejected() -> None:
    offer = read_offer(FIREFOX, {"0": "microphone", "1": "camera"})
    assert [(line.rejected, line.codecs[0].payload_type) for line in offer.media] == [(False, 109), (False, 120)]
    answer = SessionDescription.parse(write_answer(1, 2, TRANSPORT, [(line, True) for line in offer.media]))
    assert [(m.port, m.direction) for m in answer.media] == [(9, "recvonly"), (9, "recvonly")]
    assert answer.group[0].items == ["0", "1"]

    outside = sdp.read(FIREFOX.replace("BUNDLE 0 1", "BUNDLE 0"), MAX_TRACKS)
    assert [line.rejected for line in outside.media] == [False, True]
    refused = sdp.read(FIREFOX.replace("a=bundle-only\r\n", ""), MAX_TRACKS)
    assert [line.rejected for line in refused.media] == [False, True]


#: The codecs of a picture as Chromium offers them, shortened: each form of H.264 in both packetization modes.
FORMS = """\
a=rtpmap:102 H264/90000
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
a=rtpmap:114 H264/90000
a=fmtp:114 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f
a=rtpmap:108 H264/90000
a=rtcp-fb:108 nack
a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e015
a=rtpmap:109 rtx/90000
a=fmtp:109 apt=108
a=rtpmap:45 AV1/90000
a=fmtp:45 level-idx=5;profile=0;tier=0
a=rtpmap:100 VP9/90000
a=fmtp:100 profile-id=2
a=rtpmap:98 VP9/90000
a=fmtp:98 profile-id=0
a=rtpmap:118 red/90000
a=extmap:12 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension
""".replace("\n", "\r\n")


def test_of_each_codec_the_form_is_taken_that_everyone_has() -> None:
    text = OFFER.replace("SAVPF 96 97 39", "SAVPF 102 114 108 109 45 100 98 118 96 97")
    line = sdp.read(text.replace("a=rtpmap:96", FORMS + "a=rtpmap:96"), MAX_TRACKS).media[1]
    assert [(each.codec, each.payload_type, each.repair_payload_type) for each in line.codecs] == [
        *((H264, 108, 109), (AV1, 45, None), (VP9, 98, None), (VP8, 96, 97))
    ]
    h264, av1, *_ = line.codecs
    assert h264.feedback == {"nack", "nack pli"}
    assert fits(H264, h264.parameters)
    assert not decodes(H264, h264.parameters), "it is of a lower level than what is forwarded"
    assert av1.parameters == {"level-idx": "5", "profile": "0", "tier": "0"}

    answer = write_answer(1, 2, TRANSPORT, [(line.only(AV1), True)])
    assert "SAVPF 45\r\n" in answer
    assert "a=extmap-allow-mixed\r\na=extmap:4" in answer
    assert "a=extmap:12 https" in answer
    assert "a=fmtp:45 level-idx=5;profile=0;tier=0" in answer
    assert "dependency" not in write_answer(1, 2, TRANSPORT, [(line.only(VP9), True)])
    assert "m=video 0 " in write_answer(1, 2, TRANSPORT, [(line.only(None), True)])


def test_a_line_of_the_subscribe_leg_may_offer_all_codecs_and_one_that_was_refused_none() -> None:
    track = OfferedTrack("alice", "alice-1", "alice", 78, 79)
    lines = [OfferedLine("0", "video", (H264, VP8, VP9), track), OfferedLine("1", "video", (AV1,), None, rejected=True)]
    text = write_offer(1, 1, TRANSPORT, lines)
    assert "m=video 9 UDP/TLS/RTP/SAVPF 102 103 96 97 98 99\r\n" in text
    assert "a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102" in text
    assert "m=video 0 UDP/TLS/RTP/SAVPF 104 105\r\n" in text
    assert "a=group:BUNDLE 0\r\n" in text
    assert [media.port for media in SessionDescription.parse(text).media] == [9, 0]
