"""Writing SDP (RFC 8866): the answer for a publish leg and the offer for a subscribe leg.

The worker is ICE-lite (RFC 8445, section 2.5), and its candidates are all known, so they are in the SDP itself.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from media.worker.codecs import DEPENDENCIES, DESCRIBED, PUBLISH_EXTENSIONS, RED, SUBSCRIBE_EXTENSIONS, Codec, Kind
from media.worker.sdp import MediaLine


@attrs.frozen
class TransportLines:
    """What the SDP says of a transport, which all m-lines share."""

    ufrag: str
    password: str
    fingerprint: str
    candidates: tuple[str, ...]

    def lines(self, setup: str, *, first: bool) -> list[str]:
        """Return the attribute lines; ``setup`` is the DTLS role (RFC 8842).

        Candidates stand in the first m-line of a bundle only (RFC 9143, section 7.1.3): both may be many.
        """
        lines = [
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            f"a=fingerprint:{self.fingerprint}",
            f"a=setup:{setup}",
        ]
        if first:
            lines += [f"a=candidate:{candidate}" for candidate in self.candidates]
            lines.append("a=end-of-candidates")
        return lines


@attrs.frozen
class OfferedTrack:
    """The stream that an m-line of the subscribe leg carries."""

    participant: str
    track: str
    #: Tracks of one stream are played in step.
    stream: str
    ssrc: int
    #: That of repetitions (RFC 4588), if there are any.
    repair_ssrc: int | None = None


@attrs.frozen
class OfferedLine:
    """An m-line of the subscribe leg; without a track it is inactive, or the page has ``rejected`` it."""

    mid: str
    kind: Kind
    #: What may come on it, that of the track first.
    codecs: tuple[Codec, ...]
    track: OfferedTrack | None
    rejected: bool = False


def write_answer(session: int, version: int, transport: TransportLines, lines: Iterable[tuple[MediaLine, bool]]) -> str:
    """Answer the m-lines of an offer; the flag says whether the worker receives on it."""
    lines = list(lines)
    out = _session(session, version, [line.mid for line, _ in lines if not line.rejected])
    first = True
    for line, receives in lines:
        chosen = line.format
        if line.rejected or chosen is None:
            out += [f"m={line.kind} 0 {line.protocol} {line.formats}", "c=IN IP4 0.0.0.0", f"a=mid:{line.mid}"]
            continue
        codec, payload_type, repair = chosen.codec, chosen.payload_type, chosen.repair_payload_type
        wanted = PUBLISH_EXTENSIONS[codec.kind] + ((DEPENDENCIES,) if codec.name in DESCRIBED else ())
        out += [
            f"m={line.kind} 9 {line.protocol} {_formats([(line.red, None), (payload_type, repair)])}",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{line.mid}",
            "a=recvonly" if receives else "a=inactive",
            "a=rtcp-mux",
            "a=rtcp-rsize",
            *transport.lines("passive", first=first),
            # what a keyframe says of its dependencies is often too long for the short form
            *(["a=extmap-allow-mixed"] if line.mixed and DEPENDENCIES in wanted else []),
            *(f"a=extmap:{line.extensions[uri]} {uri}" for uri in wanted if uri in line.extensions),
            *_codec(codec, payload_type, [name for name in codec.publish_feedback if name in chosen.feedback]),
            *_repair(codec, payload_type, repair),
            *([] if line.red is None else _codec(_red_of(payload_type), line.red, ())),
            *_layers(line.rids),
        ]
        first = False
    return _join(out)


def write_offer(session: int, version: int, transport: TransportLines, lines: Iterable[OfferedLine]) -> str:
    """Offer the m-lines of a subscribe leg."""
    lines = list(lines)
    out = _session(session, version, [line.mid for line in lines if not line.rejected])
    first = True
    for line in lines:
        formats = _formats((codec.payload_type, codec.repair_payload_type) for codec in line.codecs)
        if line.rejected:
            out += [f"m={line.kind} 0 UDP/TLS/RTP/SAVPF {formats}", "c=IN IP4 0.0.0.0", f"a=mid:{line.mid}"]
            continue
        out += [
            f"m={line.kind} 9 UDP/TLS/RTP/SAVPF {formats}",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{line.mid}",
            "a=inactive" if line.track is None else "a=sendonly",
            "a=rtcp-mux",
            "a=rtcp-rsize",
            *transport.lines("actpass", first=first),
            *(f"a=extmap:{extension} {uri}" for extension, uri in SUBSCRIBE_EXTENSIONS[line.kind].items()),
        ]
        for codec in line.codecs:
            out += _codec(codec, codec.payload_type, codec.feedback)
            out += _repair(codec, codec.payload_type, codec.repair_payload_type)
        first = False
        if line.track is not None:
            track = line.track
            out.append(f"a=msid:{track.stream} {track.track}")
            if track.repair_ssrc is not None:
                out.append(f"a=ssrc-group:FID {track.ssrc} {track.repair_ssrc}")
            out += [
                f"a=ssrc:{ssrc} cname:{track.participant}"
                for ssrc in (track.ssrc, track.repair_ssrc)
                if ssrc is not None
            ]
    return _join(out)


def _session(session: int, version: int, mids: list[str]) -> list[str]:
    return [
        "v=0",
        f"o=- {session} {version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=group:BUNDLE {' '.join(mids)}",
        "a=msid-semantic:WMS *",
    ]


def _codec(codec: Codec, payload_type: int, feedback: Iterable[str]) -> list[str]:
    lines = [f"a=rtpmap:{payload_type} {codec.rtpmap}"]
    lines += [f"a=rtcp-fb:{payload_type} {name}" for name in feedback]
    if codec.parameters is not None:
        lines.append(f"a=fmtp:{payload_type} {codec.parameters}")
    return lines


def _red_of(payload_type: int) -> Codec:
    return attrs.evolve(RED, parameters=f"{payload_type}/{payload_type}")


def _formats(numbers: Iterable[tuple[int | None, int | None]]) -> str:
    return " ".join(str(number) for pair in numbers for number in pair if number is not None)


def _repair(codec: Codec, payload_type: int, repair: int | None) -> list[str]:
    if repair is None:
        return []
    return [f"a=rtpmap:{repair} rtx/{codec.clock_rate}", f"a=fmtp:{repair} apt={payload_type}"]


def _layers(rids: tuple[str, ...]) -> list[str]:
    if not rids:
        return []
    return [*(f"a=rid:{rid} recv" for rid in rids), f"a=simulcast:recv {';'.join(rids)}"]


def _join(lines: list[str]) -> str:
    return "\r\n".join(lines) + "\r\n"
