"""The publish leg: the page offers, the worker answers and receives."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import attrs

from media.messages import MAX_TRACKS, LegState, Source
from media.worker import rtcp, sdp, sdp_writer
from media.worker.codecs import TRANSPORT_CC, Codec, answered, kind_of
from media.worker.errors import RequestError
from media.worker.impaired import Silenced
from media.worker.layer import Layer
from media.worker.producer import Producer
from media.worker.rtp import RtpPacket
from media.worker.sdp import Description, MediaLine
from media.worker.transport import TransportFactory
from media.worker.twcc import ArrivalRecorder

#: Chooses the codec of a line from those that the page offers for it; of that which is used now, if there is one.
Choose = Callable[[MediaLine, Codec | None], Codec | None]

#: Seconds between two messages of transport-wide feedback, a little less than ticks are apart.
FEEDBACK_INTERVAL = 0.09
#: Seconds between two receiver reports.
REPORT_INTERVAL = 1.0
_CNAME = "worker"


def read_offer(text: str, tracks: dict[str, Source]) -> Description:
    """Read a page's offer and check ``tracks`` against it. Raises RequestError."""
    offer = sdp.read(text, MAX_TRACKS)
    kinds = {line.mid: line.kind for line in offer.media}
    if len(set(tracks.values())) < len(tracks):
        # Each is a place on everybody else's leg, and those are counted.
        raise RequestError("too_many_tracks", "Each source is published once at most.")
    for mid, source in tracks.items():
        if mid not in kinds:
            raise RequestError("bad_sdp", f"There is no m-line with the mid {mid[:16]!r}, said to be the {source}.")
        if kinds[mid] != kind_of(source):
            raise RequestError("bad_sdp", f"The m-line {mid!r} is {kinds[mid]}, which no {source} is.")
    return offer


class PublishLeg:
    """One publisher's connection: its transport, and a producer for each track.

    ``on_state`` is told of each new state; the legs of others learn of new and closed producers through ``producers``.
    ``room`` is the mark of its room: see `media.serving`.
    """

    def __init__(
        self,
        factory: TransportFactory,
        participant: str,
        offer: Description,
        on_state: Callable[[LegState], None],
        about: str,
        room: int = 0,
    ) -> None:
        self._participant = participant
        self._state_changed = on_state
        self.transport = factory.create(self, f"{about} leg=publish", room)
        self._remote_ufrag = offer.ufrag
        self._connection = (offer.session, offer.fingerprints)
        self._session = secrets.randbits(62)
        self._version = 0
        self._ssrc = secrets.randbits(31) + 1
        self._by_ssrc: dict[int, tuple[Producer, Layer]] = {}
        self._arrivals = ArrivalRecorder()
        self._arrivals_of = 0
        self._transport_cc_id: int | None = None
        self._next_feedback = 0.0
        self._next_report = 0.0
        self.producers: dict[str, Producer] = {}
        #: What pictures could be sent in; None while none were offered.
        self.encodes: frozenset[Codec] | None = None

    @property
    def heard(self) -> float:
        """When something last came in that is surely the page's."""
        return self.transport.heard

    def continues(self, offer: Description) -> bool:
        """Whether an offer is of the same connection; a page that gave up on it comes with a new certificate."""
        return self.transport.is_usable and (offer.session, offer.fingerprints) == self._connection

    def negotiate(self, offer: Description, tracks: dict[str, Source], choose: Choose, now: float, *, red: bool) -> str:
        """Make the producers what the offer says they are, and return the answer, with redundant voices if ``red``."""
        if offer.ufrag != self._remote_ufrag:
            self._remote_ufrag = offer.ufrag
            self.transport.restart_ice(now)
        lines = [self._chosen(line, tracks, choose) for line in offer.media]
        # A screen's sound has more bits than would go into a packet twice.
        redundant = {mid for mid, source in tracks.items() if red and source == "microphone"}
        lines = [line if line.mid in redundant else attrs.evolve(line, red=None) for line in lines]
        offered = {line.mid: frozenset(each.codec for each in line.codecs) for line in offer.media}
        pictures = [codec for codecs in offered.values() for codec in codecs if codec.kind == "video"]
        self.encodes = frozenset(pictures) if pictures else None
        received = {line.mid: line for line in lines if _is_received(line, tracks)}
        replaced: dict[str, Producer] = {}
        for mid, producer in list(self.producers.items()):
            line = received.get(mid)
            if line is None or tracks[mid] != producer.source:
                self._close_producer(producer)
            elif line.codec != producer.codec:
                replaced[mid] = self.producers.pop(mid)
        for mid, line in received.items():
            if mid in self.producers:
                self.producers[mid].update(line)
            elif line.codec is not None:
                self.producers[mid] = Producer(
                    self.transport, self._ssrc, self._participant, tracks[mid], line, line.codec
                )
                if mid in replaced:
                    self._replace(replaced[mid], self.producers[mid])
            self.producers[mid].offered = offered[mid]
            self._transport_cc_id = line.extensions.get(TRANSPORT_CC, self._transport_cc_id)
        for producer in self.producers.values():
            for layer in producer.layers:
                self._tell_lane(producer, layer)
        self.transport.connect(offer)
        self._version += 1
        return sdp_writer.write_answer(
            self._session,
            self._version,
            self.transport.lines,
            [(_answered(line, tracks), line.mid in received) for line in lines],
        )

    def _chosen(self, line: MediaLine, tracks: dict[str, Source], choose: Choose) -> MediaLine:
        """Leave one codec in a line: that which is used, if its track goes on and nothing speaks against it."""
        if line.rejected:
            return line
        producer = self.producers.get(line.mid)
        goes_on = producer is not None and tracks.get(line.mid) == producer.source
        return line.only(choose(line, producer.codec if producer is not None and goes_on else None))

    def close(self) -> None:
        """Let go of everything."""
        self.transport.close()
        for producer in list(self.producers.values()):
            self._close_producer(producer)

    def tick(self, now: float) -> None:
        """Time has passed: send the reports that are due."""
        self.transport.tick(now)
        if now >= self._next_feedback:
            self._next_feedback = now + FEEDBACK_INTERVAL
            for message in self._arrivals.take():
                self.transport.send_rtcp(rtcp.pack_transport_feedback(self._ssrc, self._arrivals_of, message))
        if now >= self._next_report:
            self._next_report = now + REPORT_INTERVAL
            blocks = [block for producer in self.producers.values() for block in producer.blocks(now)]
            if blocks:
                self.transport.send_rtcp(
                    rtcp.pack_receiver_report(self._ssrc, blocks) + rtcp.pack_source_description(self._ssrc, _CNAME)
                )
        for producer in self.producers.values():
            producer.tick(now)

    @property
    def hurries(self) -> bool:
        """Whether the publisher may have to be asked for something soon."""
        return any(layer.hurries for producer in self.producers.values() for layer in producer.layers)

    def hurry(self, now: float) -> None:
        """Ask for what is missing, if it is time."""
        for producer in self.producers.values():
            for layer in producer.layers:
                if layer.hurries:
                    layer.tick(now)

    def on_rtp(self, data: bytes, now: float) -> bool:
        """Take a decrypted RTP packet."""
        packet = RtpPacket(data)
        extensions = packet.extensions()
        if self._transport_cc_id is not None and (number := extensions.get(self._transport_cc_id)) is not None:
            self._arrivals.add(int.from_bytes(number[:2]), now)
            self._arrivals_of = packet.ssrc
        known = self._by_ssrc.get(packet.ssrc) or self._learn(packet, extensions)
        if known is None:
            return False
        producer, layer = known
        return producer.on_rtp(layer, packet, extensions, now)

    def silence_microphone(self) -> Callable[[], None]:
        """Take nothing of the microphone any more, as if it sent nothing; return what puts that right again."""
        return self.transport.stand_in(Silenced(self, self._is_microphone))

    def _is_microphone(self, packet: RtpPacket, now: float) -> bool:
        known = self._by_ssrc.get(packet.ssrc)
        if known is None or known[0].source != "microphone":
            return False
        number = packet.extensions().get(self._transport_cc_id or -1)
        if number is not None:  # or its sender would take it for lost
            self._arrivals.add(int.from_bytes(number[:2]), now)
        return True

    def on_rtcp(self, data: bytes, now: float) -> bool:
        """Take a decrypted RTCP compound packet."""
        for packet in rtcp.walk(data):
            if packet.type == rtcp.SENDER_REPORT:
                report = rtcp.read_sender_report(packet)
                known = self._by_ssrc.get(report.ssrc)
                if known is not None and known[1].stream == report.ssrc:
                    known[1].on_sender_report(report, now)
        return True

    def on_state(self, state: LegState) -> None:
        """The transport changed its state. What cannot come back has no producers."""
        if not self.transport.is_usable:
            for producer in list(self.producers.values()):
                self._close_producer(producer)
        self._state_changed(state)

    def _learn(self, packet: RtpPacket, extensions: dict[int, bytes]) -> tuple[Producer, Layer] | None:
        """Find out whose a new SSRC is: by its MID (RFC 8843, section 9.2), or by a payload type that only one has."""
        number = packet.payload_type
        fitting = [p for p in self.producers.values() if number in (p.payload_type, p.red, p.repair_payload_type)]
        for producer in fitting:
            if producer.mid_id is not None and (mid := extensions.get(producer.mid_id)) is not None:
                fitting = [p for p in fitting if p.mid.encode() == mid]
                break
        if len(fitting) != 1:
            return None
        producer = fitting[0]
        before = {layer: (layer.stream, layer.repair) for layer in producer.layers}
        layer = producer.learn(packet, extensions)
        if layer is None:
            return None
        for ssrc in before[layer]:
            if ssrc is not None and ssrc not in (layer.stream, layer.repair):
                self._forget(ssrc)
        known = self._by_ssrc[packet.ssrc] = (producer, layer)
        if packet.ssrc == layer.stream:
            self._open_lane(producer, layer)
        return known

    def _replace(self, old: Producer, new: Producer) -> None:
        """Go on with another codec: the page keeps its SSRCs, and does not name them again (RFC 8852, section 3)."""
        known = {layer.rid: layer for layer in new.layers}
        for before in old.layers:
            layer = known.get(before.rid)
            for ssrc in (before.stream, before.repair):
                if ssrc is None:
                    continue
                if layer is None:
                    self._forget(ssrc)
                else:
                    self._by_ssrc[ssrc] = (new, layer)
            if layer is not None and before.stream is not None:
                layer.begin(before.stream)
                self._open_lane(new, layer)
                layer.repair = before.repair

    def _open_lane(self, producer: Producer, layer: Layer) -> None:
        """Let what comes in order go out by the kernel: see `media.worker.inlet`."""
        ssrc = layer.stream
        assert ssrc is not None

        def took(
            data: bytes, now: float, timestamp: int, wide: int, level: int, picture: int, tl0: int, temporal: int
        ) -> None:
            self.transport.heard = now
            if wide >= 0:
                self._arrivals.add(wide, now)
                self._arrivals_of = ssrc
            producer.on_forwarded(layer, data, now, timestamp, level, picture, tl0, temporal)

        layer.audience.lane = self.transport.lane(ssrc, producer.codec, took)
        self._tell_lane(producer, layer)

    def _tell_lane(self, producer: Producer, layer: Layer) -> None:
        layer.audience.lane.read(producer.level_id, self._transport_cc_id or 0, producer.red or 0)

    def _close_producer(self, producer: Producer) -> None:
        del self.producers[producer.mid]
        for layer in producer.layers:
            for ssrc in (layer.stream, layer.repair):
                if ssrc is not None:
                    self._forget(ssrc)

    def _forget(self, ssrc: int) -> None:
        self._by_ssrc.pop(ssrc, None)
        self.transport.forget(ssrc)


def _answered(line: MediaLine, tracks: dict[str, Source]) -> MediaLine:
    """Return an m-line as it is answered."""
    chosen = line.format
    if chosen is None or line.mid not in tracks:
        return line
    codec = answered(chosen.codec, tracks[line.mid], chosen.parameters)
    return attrs.evolve(line, codecs=(attrs.evolve(chosen, codec=codec),))


def _is_received(line: MediaLine, tracks: dict[str, Source]) -> bool:
    return not line.rejected and line.mid in tracks and line.direction in ("sendonly", "sendrecv")
