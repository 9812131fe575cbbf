"""The codecs and header extensions that are forwarded, and the numbers they have on the subscribe leg."""

from __future__ import annotations

from typing import Literal

import attrs

from media.terms import Source, is_screen_sound

Kind = Literal["audio", "video"]

#: URIs of the RTP header extensions in use: RFC 8843, RFC 8852, RFC 6464 and, of WebRTC's own, abs-send-time and
#: transport-wide congestion control.
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

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
VP8 = Codec(
    kind="video",
    name="VP8",
    clock_rate=90_000,
    channels=None,
    payload_type=96,
    repair_payload_type=97,
    parameters=None,
    feedback=("goog-remb", "ccm fir", "nack", "nack pli"),
    publish_feedback=("transport-cc", "ccm fir", "nack", "nack pli"),
)

CODECS: dict[Kind, Codec] = {"audio": OPUS, "video": VP8}
#: The sound of a screen is music as often as speech: it keeps both its sides (RFC 7587, section 6.1).
STEREO = attrs.evolve(OPUS, parameters=f"{OPUS.parameters};stereo=1;sprop-stereo=1")


def kind_of(source: Source) -> Kind:
    """Return of what kind a source is."""
    return "audio" if source == "microphone" or is_screen_sound(source) else "video"


def written(codec: Codec, source: Source) -> Codec:
    """Return a codec with the parameters that are written into the SDP of a track."""
    return STEREO if codec == OPUS and is_screen_sound(source) else codec
