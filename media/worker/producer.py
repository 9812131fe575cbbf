"""A producer: one track coming in from a publisher."""

from __future__ import annotations

import math

from media.messages import Source
from media.worker.codecs import AUDIO_LEVEL, DEPENDENCIES, DESCRIBED, MID, REPAIRED_RID, RID, Codec
from media.worker.consumer import Consumer
from media.worker.demand import PATIENCE
from media.worker.keyframes import Pace
from media.worker.layer import Layer, RtcpSink
from media.worker.rtcp import ReportBlock
from media.worker.rtp import RtpPacket
from media.worker.rtx import original_sequence, restore
from media.worker.sdp import MediaLine
from media.worker.speakers import Voice


class Producer:
    """A track with its layers and its consumers.

    ``participant`` is the publisher's id; ``ssrc`` is what the worker calls itself in RTCP.
    """

    def __init__(
        self, sink: RtcpSink, ssrc: int, participant: str, source: Source, line: MediaLine, codec: Codec
    ) -> None:
        self._sink = sink
        self._ssrc = ssrc
        self.participant = participant
        self.mid = line.mid
        self.source: Source = source
        self.codec = codec
        #: What the publisher could send it in; and what it was asked to send it in instead, until it offers again.
        self.offered: frozenset[Codec] = frozenset()
        self.asked: Codec | None = None
        self.track_id = f"{participant}-{line.mid}"
        #: Whether it comes before others where not all have room: a screen, or who is speaking.
        self.first = False
        #: Of a microphone, what its levels tell.
        self.voice = Voice(participant) if source == "microphone" else None
        #: The names of the layers that anybody was sent, as it was told last.
        self._told: list[str] | None = None
        #: When any layer came in.
        self._live_at = -math.inf
        self.consumers: tuple[Consumer, ...] = ()
        self.layers: tuple[Layer, ...] = ()
        self._pace = Pace()
        self.update(line)

    def update(self, line: MediaLine) -> None:
        """Take the numbers of a new offer."""
        found = line.find(self.codec)
        assert found is not None
        self.asked = None
        self.payload_type = found.payload_type
        self.repair_payload_type = found.repair_payload_type
        self.red = line.red
        self.mid_id = line.extensions.get(MID)
        #: The extension that tells of the payload: a level, or what the picture depends on.
        told = AUDIO_LEVEL if self.codec.kind == "audio" else DEPENDENCIES if self.codec.name in DESCRIBED else None
        self._told_id = line.extensions.get(told or "")
        self._rid_id = line.extensions.get(RID)
        self._repaired_rid_id = line.extensions.get(REPAIRED_RID)
        known = {layer.rid: layer for layer in self.layers}
        rids = line.rids or (None,)
        self.layers = tuple(
            known.get(rid) or Layer(self._sink, self._ssrc, self.codec, rid, self._pace) for rid in rids
        )
        for layer in known.values():
            layer.audience.unsettle()  # those that are no more, too: the kernel knows them by the old numbers
        for layer in self.layers:
            layer.repeats = self.codec.kind == "video" and "nack" in found.feedback
            layer.red = line.red
            layer.has_repair_stream = found.repair_payload_type is not None

    def add(self, consumer: Consumer) -> None:
        """Forward to this consumer, too."""
        self.consumers = (*self.consumers, consumer)

    def remove(self, consumer: Consumer) -> None:
        """Forward to this consumer no more."""
        self.consumers = tuple(other for other in self.consumers if other is not consumer)
        consumer.close()

    def learn(self, packet: RtpPacket, extensions: dict[int, bytes]) -> Layer | None:
        """Return the layer that a packet of an unknown SSRC is of; that SSRC is the layer's from now on.

        Its name is on the first packets of a stream only (RFC 8852), so it is learned at once or not at all.
        """
        repairs = packet.payload_type not in (self.payload_type, self.red)
        if len(self.layers) == 1:
            layer = self.layers[0]
        else:
            number = self._repaired_rid_id if repairs else self._rid_id
            name = extensions.get(number) if number is not None else None
            found = [layer for layer in self.layers if layer.rid is not None and layer.rid.encode() == name]
            if not found:
                return None
            (layer,) = found
        if repairs and layer.stream is None:
            return None
        if repairs:
            layer.repair = packet.ssrc
        else:
            layer.begin(packet.ssrc)
        return layer

    def on_rtp(self, layer: Layer, packet: RtpPacket, extensions: dict[int, bytes], now: float) -> bool:
        """Take a packet of a layer, or what repeats one. Returns False if it is of no use."""
        number = packet.payload_type
        if (number == self.payload_type or number == self.red) and packet.ssrc == layer.stream:
            told = extensions.get(self._told_id) if self._told_id is not None else None
            if self.codec.kind == "audio":
                told = told if told is not None and len(told) == 1 else None
                if self.voice is not None:
                    self.voice.hear(None if told is None else told[0])
            layer.on_rtp(packet, told, now)
            return True
        if packet.payload_type == self.repair_payload_type and packet.ssrc == layer.repair:
            if original_sequence(packet) is None or layer.stream is None:
                return True  # it was sent to see what the link takes
            layer.on_repeated(restore(packet, self.payload_type, layer.stream), now)
            return True
        return False

    def on_forwarded(
        self, layer: Layer, data: bytes, now: float, timestamp: int, level: int, picture: int, tl0: int, temporal: int
    ) -> None:
        """Take a packet of a layer that has gone out already: see `media.worker.inlet.Took`."""
        if self.voice is not None:
            self.voice.hear(None if level < 0 else level)
        layer.on_forwarded(data, now, timestamp, picture, tl0, temporal)

    @property
    def level_id(self) -> int:
        """The number of the header extension that tells the level of its sound; 0 if there is none."""
        return (self._told_id or 0) if self.codec.kind == "audio" else 0

    def tick(self, now: float) -> None:
        """Time has passed."""
        for layer in self.layers:
            layer.tick(now)

    def take_wanted(self, now: float) -> list[str] | None:
        """Return the names of the layers that anybody is or is to be sent, if they are others than last time."""
        if len(self.layers) == 1:
            return None
        if any(layer.is_live(now) for layer in self.layers):
            self._live_at = now
        used = {layer for each in self.consumers for layer in (each.layer, each.target) if layer is not None}
        if used and now - self._live_at > PATIENCE:
            # Nothing comes, so nothing is known of what would: of all that come then the best are chosen.
            used = set(self.layers)
        for layer in self.layers:
            layer.want(now, wanted=layer in used, judged=self._live_at == now)
        asked = [layer for layer in self.layers if layer in used or (used and layer.is_missed(now))]
        rids = [layer.rid for layer in asked if layer.rid is not None]
        if rids == self._told:
            return None
        self._told = rids
        return rids

    def usable(self, now: float) -> tuple[Layer, ...]:
        """Return the layers that come in or would if asked for, the smallest first; a track of one always has it."""
        if len(self.layers) == 1 or not any(layer.is_live(now) for layer in self.layers):
            return self.ordered
        return tuple(layer for layer in self.ordered if layer.is_usable(now))

    @property
    def ordered(self) -> tuple[Layer, ...]:
        """Its layers, the smallest first: by the size of their pictures, or else as the publisher named them."""
        if all(layer.size is not None for layer in self.layers):
            return tuple(sorted(self.layers, key=lambda layer: layer.size or (0, 0)))
        return self.layers

    def blocks(self, now: float) -> list[ReportBlock]:
        """Return the receiver report blocks for its streams."""
        return [block for layer in self.layers if (block := layer.block(now)) is not None]
