"""Reading the SDP of a page (RFC 8866, RFC 8829): an offer for a publish leg or an answer of a subscribe leg."""

from __future__ import annotations

import re

import attrs
from aiortc.sdp import MediaDescription, SessionDescription

from media.messages import MAX_SDP
from media.worker.aiortc_hooks import parse_session_description
from media.worker.codecs import CODECS, OPUS, RED, Codec, Kind, fits
from media.worker.errors import RequestError

#: The lines that matter here. The rest is not parsed: some of it costs the parser time that grows with its square.
_KEPT = re.compile(
    r"[vost]=|a=(?:(?:mid|group|ice-ufrag|ice-pwd|fingerprint|setup|rtpmap|extmap):"
    r"|(?:rtcp-mux|sendrecv|sendonly|recvonly|inactive)\s*$)"
)
_FEEDBACK = re.compile(r"a=rtcp-fb:(\*|\d+) (.+)")
_RTX = re.compile(r"a=rtpmap:(\d{1,3}) rtx/\d+\s*$", re.IGNORECASE)
_APT = re.compile(r"a=fmtp:(\d{1,3}) apt=(\d{1,3})(?:;|\s*$)")
_FMTP = re.compile(r"a=fmtp:(\d{1,3}) (.+)")
_RID = re.compile(r"a=rid:([A-Za-z0-9_-]{1,16}) send(?:\s|$)")
_SIMULCAST = re.compile(r"a=simulcast:(?:recv \S+ )?send (\S+)")
_MIXED = "a=extmap-allow-mixed"
_TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,16}")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){19,63}")
_MAX_FINGERPRINTS = 8
#: Parameters of a format that are read.
_MAX_PARAMETERS = 32
#: The most layers of a track.
MAX_LAYERS = 3


@attrs.frozen
class Format:
    """A codec that the page offers or accepts, and the numbers it has there."""

    codec: Codec
    payload_type: int
    #: What the page says of it (``a=fmtp``), and the RTCP feedback for it.
    parameters: dict[str, str] = attrs.field(factory=dict)
    feedback: frozenset[str] = frozenset()
    #: The payload type of its repetitions (RFC 4588), if it has any.
    repair_payload_type: int | None = None


@attrs.frozen
class MediaLine:
    """An m-line of the page. It is ``rejected`` by the page, or because it has no codec that is forwarded."""

    kind: str
    formats: str
    protocol: str
    mid: str
    rejected: bool
    #: Seen from the page.
    direction: str
    #: Those that are forwarded, in the order of the page.
    codecs: tuple[Format, ...]
    #: Numbers of header extensions by URI.
    extensions: dict[str, int]
    #: The names of the layers that a page sends of one track at a time (RFC 8853), usually the smallest first.
    rids: tuple[str, ...] = ()
    #: Whether header extensions of both forms may be mixed in it (RFC 8285, section 4.1.2).
    mixed: bool = False
    #: The payload type of redundant sound (RFC 2198), all of whose blocks are in Opus.
    red: int | None = None

    @property
    def format(self) -> Format | None:
        """The first of its codecs."""
        return self.codecs[0] if self.codecs else None

    @property
    def codec(self) -> Codec | None:
        return self.codecs[0].codec if self.codecs else None

    def find(self, codec: Codec) -> Format | None:
        """Return this codec as the page has it, if it does."""
        return next((each for each in self.codecs if each.codec == codec), None)

    def only(self, codec: Codec | None) -> MediaLine:
        """Return the line with this codec alone; rejected, if it does not have that."""
        found = None if codec is None else self.find(codec)
        if found is None:
            return attrs.evolve(self, codecs=(), rejected=True)
        return attrs.evolve(self, codecs=(found,))


@attrs.frozen
class Description:
    """What the page says of a leg."""

    #: The session's number from the o= line, by which another connection of the same page is told (RFC 8829).
    session: str
    ufrag: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    media: tuple[MediaLine, ...]


def read(text: str, max_media: int) -> Description:
    """Read an offer or an answer of at most ``max_media`` m-lines.

    Raises RequestError (``sdp_too_large``, ``too_many_tracks``, ``bad_sdp``). The cost is linear in its length.
    """
    if len(text) > MAX_SDP:
        raise RequestError("sdp_too_large", f"The SDP has {len(text)} characters; at most {MAX_SDP} are taken.")
    sections = _sections(text)
    if len(sections) - 1 > max_media:
        raise RequestError(
            "too_many_tracks", f"The SDP has {len(sections) - 1} m-lines; at most {max_media} are taken."
        )
    kept = [line for section in sections for line in section if line.startswith("m=") or _KEPT.match(line)]
    try:
        parsed = parse_session_description("\r\n".join(kept) + "\r\n")
    except ValueError as error:
        raise _bad(f"it cannot be parsed ({error})") from error
    if not parsed.media:
        raise _bad("it has no m-line")
    bundled = {str(item) for group in parsed.group if group.semantic == "BUNDLE" for item in group.items}
    mixed = any(line.strip() == _MIXED for line in sections[0])
    media = tuple(
        _media_line(line, section, bundled, mixed=mixed)
        for line, section in zip(parsed.media, sections[1:], strict=True)
    )
    mids = [line.mid for line in media]
    if len(set(mids)) < len(mids):
        raise _bad("two m-lines have the same mid")
    return _transport(parsed, media)


def _sections(text: str) -> list[list[str]]:
    sections: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith("m="):
            sections.append([])
        sections[-1].append(line)
    return sections


def _media_line(parsed: MediaDescription, lines: list[str], bundled: set[str], *, mixed: bool) -> MediaLine:
    mid = parsed.rtp.muxId
    if not mid or not _TOKEN.fullmatch(mid):
        raise _bad("an m-line has no mid, or one that is not a short token")
    protocol = parsed.profile
    if parsed.kind not in CODECS:
        formats = lines[0].split(" ", 3)[3].strip()
        return MediaLine(parsed.kind, formats, protocol, mid, True, "inactive", (), {})
    # A bundle-only m-line has the port 0 too, and is none the worse for it (RFC 9143, section 6): so Firefox offers.
    rejected = parsed.port == 0 and not (mid in bundled and any(line.strip() == "a=bundle-only" for line in lines))
    if not rejected and (not parsed.rtcp_mux or mid not in bundled):
        raise _bad(f"the m-line {mid} lacks rtcp-mux or is not in the BUNDLE group")
    told = {match[1]: match[2].strip() for match in map(_FMTP.match, lines) if match}
    codecs = _codecs(parsed, lines, told)
    return MediaLine(
        *(parsed.kind, " ".join(map(str, parsed.fmt)), protocol, mid),
        rejected=rejected or not codecs,
        direction=parsed.direction or "sendrecv",
        codecs=codecs,
        extensions={e.uri: e.id for e in parsed.rtp.headerExtensions if 0 < e.id < 256 and e.id != 15},
        rids=_rids(lines) if codecs and parsed.kind == "video" else (),
        mixed=mixed or any(line.strip() == _MIXED for line in lines),
        red=next((_red(parsed, told, each.payload_type) for each in codecs if each.codec == OPUS), None),
    )


def _rids(lines: list[str]) -> tuple[str, ...]:
    """Return the layers that the page would send, in its own order; none if it is not of several (RFC 8853)."""
    named = {match[1] for match in map(_RID.match, lines) if match}
    for match in map(_SIMULCAST.match, lines):
        if match:
            # of alternatives the first is taken, and a layer that is paused at first may come later
            wanted = dict.fromkeys(stream.split(",")[0].lstrip("~") for stream in match[1].split(";"))
            rids = tuple(rid for rid in wanted if rid in named)[:MAX_LAYERS]
            return rids if len(rids) > 1 else ()
    return ()


def _repair(lines: list[str], formats: list[int], payload_type: int) -> int | None:
    """Return the number of what repeats the packets of ``payload_type`` (RFC 4588, section 8)."""
    repairs = {int(match[1]) for match in map(_RTX.match, lines) if match} & set(formats)
    for match in map(_APT.match, lines):
        if match and int(match[2]) == payload_type and int(match[1]) in repairs and int(match[1]) < 128:
            return int(match[1])
    return None


def _codecs(parsed: MediaDescription, lines: list[str], told: dict[str, str]) -> tuple[Format, ...]:
    """Return what of an m-line can be forwarded, each codec once."""
    kind: Kind = "audio" if parsed.kind == "audio" else "video"
    formats = set(parsed.fmt)
    found: dict[Codec, tuple[int, dict[str, str]]] = {}
    for named in parsed.rtp.codecs:
        number = named.payloadType
        if number is None or number not in formats or not 0 <= number < 128:
            continue
        for codec in CODECS[kind]:
            if (
                codec.name.lower() == named.name.lower()
                and codec.clock_rate == named.clockRate
                and codec.channels == named.channels
                and codec not in found
                and fits(codec, parameters := _parameters(told.get(str(number), "")))
            ):
                found[codec] = number, parameters
    return tuple(
        Format(codec, number, parameters, _feedback(lines, number), _repair(lines, parsed.fmt, number))
        for codec, (number, parameters) in found.items()
    )


def _red(parsed: MediaDescription, told: dict[str, str], opus: int) -> int | None:
    formats = set(parsed.fmt)
    for named in parsed.rtp.codecs:
        number = named.payloadType
        blocks = told.get(str(number), "").split("/")
        if (
            (named.name.lower(), named.clockRate, named.channels) == (RED.name, RED.clock_rate, RED.channels)
            and number is not None
            and number in formats
            and 0 <= number < 128
            and len(blocks) > 1
            and set(blocks) == {str(opus)}
        ):
            return number
    return None


def _parameters(text: str) -> dict[str, str]:
    """Read what is behind ``a=fmtp`` and its number: names and values, and flags without one."""
    parts = (part.partition("=") for part in text.split(";", _MAX_PARAMETERS)[:_MAX_PARAMETERS])
    return {name.strip().lower(): value.strip() for name, _, value in parts if name.strip()}


def _feedback(lines: list[str], payload_type: int) -> frozenset[str]:
    found = (match for match in map(_FEEDBACK.match, lines) if match)
    return frozenset(match[2].strip() for match in found if match[1] in ("*", str(payload_type)))


def _transport(parsed: SessionDescription, media: tuple[MediaLine, ...]) -> Description:
    """Take ICE and DTLS from the first m-line in use; all the others share its transport (RFC 9143)."""
    for line, of in zip(parsed.media, media, strict=True):
        if of.rejected:
            continue
        if line.ice is None or not line.ice.usernameFragment or not line.ice.password:
            raise _bad("it has no ice-ufrag and ice-pwd")
        if line.dtls is None or line.dtls.role not in ("auto", "client"):
            raise _bad("it must have setup:actpass or setup:active, as the worker is the DTLS server")
        fingerprints = tuple(dict.fromkeys((f.algorithm.lower(), f.value.upper()) for f in line.dtls.fingerprints))
        if not 0 < len(fingerprints) <= _MAX_FINGERPRINTS or not all(
            _FINGERPRINT.fullmatch(v) for _, v in fingerprints
        ):
            raise _bad("it has no fingerprint, or a broken one")
        session = [*(parsed.origin or "").split(), "", ""][1]
        return Description(session, line.ice.usernameFragment, line.ice.password, fingerprints, media)
    raise _bad("every m-line is rejected")


def _bad(what: str) -> RequestError:
    return RequestError("bad_sdp", f"The SDP is not usable: {what}.")
