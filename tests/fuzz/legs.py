"""The two legs of a call, fed with what peers who are let in may say: packets that were decrypted."""

from __future__ import annotations

import asyncio
import contextlib
import struct

from media.messages import Leave
from media.worker import rtcp
from media.worker.rtp import MalformedPacketError, pack_extensions
from tests.media.worker.in_memory import MemoryWorker

_PUBLISHED = {"0": "audio", "1": "video"}
#: What a step is: a packet of the publisher's, an RTCP packet of theirs, one of the subscriber's, or time.
_RTP, _RTCP, _SUBSCRIBER, _TIME = range(4)
_STEP = struct.Struct("!BH")
#: Streams that one publisher may have the worker know: two for each layer.
_MOST_STREAMS = 64


def legs(data: bytes) -> None:
    """Take steps, of an octet that says which and two with the length of what follows."""
    asyncio.run(_play(data))


async def _play(data: bytes) -> None:
    memory = MemoryWorker()
    memory.join("alice")
    memory.join("bob")
    publisher, subscriber = memory.peer("alice"), memory.peer("bob")
    memory.publish("alice", publisher.offer(_PUBLISHED), _PUBLISHED)
    offer = memory.offer("bob")
    memory.accept(offer, subscriber.answer(offer.sdp))
    people = memory.worker._routers["room"].participants
    published, subscribed = people["alice"].publish_leg, people["bob"].subscribe_leg
    assert published is not None
    at = 0
    while at + _STEP.size <= len(data):
        kind, length = _STEP.unpack_from(data, at)
        at += _STEP.size
        packet = data[at : at + length]
        at += length
        with contextlib.suppress(MalformedPacketError):
            match kind & 3:
                case 0 if len(packet) > 1:
                    published.on_rtp(packet, memory.now)
                case 1:
                    published.on_rtcp(packet, memory.now)
                case 2:
                    subscribed.on_rtcp(packet, memory.now)
                case 3:
                    memory.tick(length / 1_000)
    assert len(published._by_ssrc) <= _MOST_STREAMS
    for name in ("alice", "bob"):
        memory.worker.handle(Leave("room", name, 1))
    await memory.settle()
    assert memory.tasks == set()
    assert memory.agent.size == (0, 0)


def steps() -> bytes:
    """An example: a few pictures and what is said of them."""
    extensions = pack_extensions([(1, b"1")])
    taken: list[tuple[int, bytes]] = []
    for number in (1, 2, 4, 5):
        head = struct.pack("!BBHII", 0x90, 0x80 | 96, number, 3_000 * number, 99)
        taken.append((_RTP, head + extensions + b"\x90\x80\x85\x01\x00picture"))
    taken += [
        (_RTCP, rtcp.pack_sender_report(99, 2**40, 12_000, 4, 400)),
        (_SUBSCRIBER, rtcp.pack_estimate(1, 500_000, [7])),
        (_SUBSCRIBER, b"".join(rtcp.pack_nacks(1, 7, [1, 2]))),
        (_SUBSCRIBER, rtcp.pack_pli(1, 7)),
        (_TIME, bytes(250)),
    ]
    return b"".join(_STEP.pack(kind, len(packet)) + packet for kind, packet in taken)
