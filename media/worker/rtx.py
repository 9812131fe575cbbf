"""The RTP retransmission payload format (RFC 4588): a stream of its own that carries packets of another once more."""

from __future__ import annotations

from media.worker.rtp import RtpPacket


def original_sequence(packet: RtpPacket) -> int | None:
    """Return the sequence number of the packet that this one repeats; None if it repeats nothing, as a probe."""
    at = packet.payload_at
    if not packet.has_media or len(packet.data) < at + 2:
        return None
    return int.from_bytes(packet.data[at : at + 2])


def restore(packet: RtpPacket, payload_type: int, ssrc: int) -> RtpPacket:
    """Return the packet that ``packet`` repeats, as it would have come in; header extensions are the repetition's.

    It must have an original sequence number.
    """
    data, at = packet.data, packet.payload_at
    return RtpPacket(
        bytes([data[0], packet.marker | payload_type])
        + data[at : at + 2]
        + data[4:8]
        + ssrc.to_bytes(4)
        + data[12:at]
        + data[at + 2 :]
    )
