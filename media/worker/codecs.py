"""The codecs and header extensions that are forwarded, and the numbers they have on the subscribe leg."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import attrs

from media.terms import VIDEO_CODECS, Source, VideoCodec, is_screen_sound
from media.worker import h264

Kind = Literal["audio", "video"]

#: URIs of the RTP header extensions in use: RFC 8843, RFC 8852, RFC 6464 and, of WebRTC's own, abs-send-time and
#: transport-wide congestion control.
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#: See `media.worker.dependencies`.
DEPENDENCIES = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"

#: What a publisher may send. Video orientation is not among them, so that senders rotate the pictures themselves.
PUBLISH_EXTENSIONS: dict[Kind, tuple[str, ...]] = {
    "audio": (MID, AUDIO_LEVEL, TRANSPORT_CC),
    "video": (MID, RID, REPAIRED_RID, TRANSPORT_CC),
}
#: What a subscriber is sent, and under which number; one number means one URI in all of a BUNDLE group (RFC 8843).
AUDIO_LEVEL_ID = 1
ABS_SEND_TIME_ID = 2
MID_ID = 4
SUBSCRIBE_EXTENSIONS: dict[Kind, dict[int, str]] = {
    "audio": {AUDIO_LEVEL_ID: AUDIO_LEVEL, ABS_SEND_TIME_ID: ABS_SEND_TIME, MID_ID: MID},
    "video": {ABS_SEND_TIME_ID: ABS_SEND_TIME, MID_ID: MID},
}


@attrs.frozen
class Codec:
    """A codec as SDP names it."""

    kind: Kind
    name: str
    clock_rate: int
    channels: int | None
    #: Its number on the subscribe leg; a publisher chooses its own.
    payload_type: int
    #: That of its repetitions there (RFC 4588), if it has any.
    repair_payload_type: int | None
    parameters: str | None
    #: RTCP feedback on the subscribe leg (RFC 4585).
    feedback: tuple[str, ...]
    #: RTCP feedback on the publish leg.
    publish_feedback: tuple[str, ...]

    @property
    def rtpmap(self) -> str:
        """The codec in the form of an ``a=rtpmap`` line (RFC 8866)."""
        channels = "" if self.channels is None else f"/{self.channels}"
        return f"{self.name}/{self.clock_rate}{channels}"


#: Lost sound is concealed by what Opus repeats in the next packet (FEC); asking for it would come too late.
OPUS = Codec("audio", "opus", 48_000, 2, 111, None, "minptime=10;useinbandfec=1", (), ("transport-cc",))
#: Each packet of sound with the one before once more (RFC 2198), so that what is lost alone is not missed.
RED = Codec("audio", "red", 48_000, 2, 63, None, f"{OPUS.payload_type}/{OPUS.payload_type}", (), ())
_FEEDBACK = ("goog-remb", "ccm fir", "nack", "nack pli")
_PUBLISH_FEEDBACK = ("transport-cc", "ccm fir", "nack", "nack pli")


def _video(name: str, payload_type: int, parameters: str | None = None) -> Codec:
    return Codec(
        *("video", name, 90_000, None, payload_type, payload_type + 1, parameters, _FEEDBACK, _PUBLISH_FEEDBACK)
    )


VP8 = _video("VP8", 96)
#: Profile 0, eight bits of 4:2:0 (RFC 9628, section 6).
VP9 = _video("VP9", 98, "profile-id=0")
H264 = _video("H264", 102, f"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e0{h264.LEVEL:02x}")
#: Main profile, level 3.1 (AV1 RTP specification, section 7.2).
AV1 = _video("AV1", 104, "level-idx=5;profile=0;tier=0")

CODECS: dict[Kind, tuple[Codec, ...]] = {"audio": (OPUS,), "video": (VP8, VP9, H264, AV1)}
_BY_NAME: dict[VideoCodec, Codec] = {"vp8": VP8, "vp9": VP9, "h264": H264, "av1": AV1}
#: Codecs whose packets say nothing of temporal layers, unless a header extension does.
DESCRIBED = frozenset({"H264", "AV1"})
#: The sound of a screen is music as often as speech: it keeps both its sides (RFC 7587, section 6.1).
STEREO = attrs.evolve(OPUS, parameters=f"{OPUS.parameters};stereo=1;sprop-stereo=1")
#: Who is silent sends a packet in 400 ms only (RFC 7587, section 3.1.3), where the page offers it.
SPARING = attrs.evolve(OPUS, parameters=f"{OPUS.parameters};usedtx=1")


def kind_of(source: Source) -> Kind:
    """Return of what kind a source is."""
    return "audio" if source == "microphone" or is_screen_sound(source) else "video"


def written(codec: Codec, source: Source) -> Codec:
    """Return a codec with the parameters that are written into the SDP of a track."""
    return STEREO if codec == OPUS and is_screen_sound(source) else codec


def answered(codec: Codec, source: Source, parameters: dict[str, str]) -> Codec:
    """Return a codec as it is answered to who offers it with these parameters."""
    if codec == H264:
        return attrs.evolve(codec, parameters=h264.answered(parameters))
    if codec == OPUS and source == "microphone" and parameters.get("usedtx") == "1":
        return SPARING
    return written(codec, source)


@attrs.frozen
class Preference:
    """What a room may be sent in: pictures rather in the first of these, and sound with redundancy or never."""

    video: tuple[Codec, ...]
    red: bool = True

    @classmethod
    def named(cls, names: Iterable[VideoCodec] = VIDEO_CODECS, *, red: bool = True) -> Preference:
        """Return what settings say by the names that they have for codecs."""
        return cls(tuple(_BY_NAME[name] for name in names), red)


def fits(codec: Codec, parameters: dict[str, str]) -> bool:
    """Whether a format of this codec's name with these parameters (``a=fmtp``) is the form that is forwarded."""
    if codec == VP9:
        return parameters.get("profile-id", "0") == "0"
    if codec == H264:
        return h264.is_constrained_baseline(parameters)
    if codec == AV1:
        return parameters.get("profile", "0") == "0"
    return True


def decodes(codec: Codec, parameters: dict[str, str]) -> bool:
    """Whether who answers with a format that `fits` takes all that is forwarded: of H.264 not less than its level."""
    return codec != H264 or h264.level_of(parameters) >= h264.LEVEL
