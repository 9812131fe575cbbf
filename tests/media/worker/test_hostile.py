"""What those do who mean no good: strangers, and people who were let in. Others in the room notice nothing of it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import attrs
import pytest
from aioice import stun

from media.worker import rtcp
from media.worker.ice import Address
from media.worker.rtp import pack_extensions
from media.worker.transport import MAX_SSRCS
from tests.media.worker.in_memory import MemoryWorker, play
from tests.media.worker.peer import KEYFRAME, MID_ID, PAYLOAD_TYPES, Peer

CAMERA = {"1": "video"}
STRANGER: Address = ("203.0.113.7", 7)


@attrs.define
class Room:
    """Mallory publishes and subscribes; Alice's camera is on, and Bob sees it."""

    worker: MemoryWorker
    alice: Peer
    bob: Peer
    mallory: Peer
    watching: Peer
    #: Mallory's picture is seen by Bob, too.
    stream_of_mallory: int = 0

    def bystanders_are_well(self) -> None:
        """Alice's next packet, and an answer to her next check, come as ever."""
        came, answered = len(self.bob.packets), self.alice.responses
        self.alice.send_frame("1")
        self.alice.send_check()
        assert len(self.bob.packets) == came + 1
        assert self.alice.responses == answered + 1


async def gather(worker: MemoryWorker) -> Room:
    alice = await worker.publisher("alice", CAMERA)
    mallory = await worker.publisher("mallory", CAMERA)
    peers = []
    for name in ("bob", "mallory"):
        if name == "bob":
            worker.join(name)
        offer = worker.offers(name)[-1]
        peer = worker.peer(name)
        worker.accept(offer, peer.answer(offer.sdp))
        await worker.connect(peer, offer.sdp)
        peers.append(peer)
    bob, watching = peers
    alice.send_frame("1", key=True)
    assert len(bob.packets) == len(watching.packets) == 1
    return Room(worker, alice, bob, mallory, watching)


def encrypted(peer: Peer, ssrc: int, number: int = 1, mid: bytes | None = b"1", kind: int | None = None) -> None:
    """Send an RTP packet of this SSRC that the worker can decrypt."""
    extensions = pack_extensions([] if mid is None else [(MID_ID, mid)])
    head = struct.pack(
        "!BBHII", 0x90, 0x80 | (PAYLOAD_TYPES["video"] if kind is None else kind), number & 0xFFFF, 3_000, ssrc
    )
    peer.send_raw(peer._protect(head + extensions + KEYFRAME))


def many_streams(room: Room) -> None:
    for ssrc in range(1, 2_000):
        encrypted(room.mallory, ssrc)


def many_streams_of_nobody(room: Room) -> None:
    for ssrc in range(1, 2_000):
        encrypted(room.mallory, ssrc, mid=None if ssrc % 2 else b"no such")


def all_payload_types(room: Room) -> None:
    for kind in range(128):
        encrypted(room.mallory, 5, number=kind, kind=kind)


def replayed(room: Room) -> None:
    room.mallory.send_frame("1", key=True)
    deliver = room.worker.hold(room.mallory)
    for _ in range(10):
        room.mallory.send_frame("1")
    came = len(room.bob.packets)
    deliver()
    assert len(room.bob.packets) == came + 10
    for _ in range(50):
        deliver()
    assert len(room.bob.packets) == came + 10


def numbers_that_jump(room: Room) -> None:
    for number in range(0, 1 << 17, 997):
        encrypted(room.mallory, room.mallory.streams["1"].ssrc, number)


def asking_for_everything_again(room: Room) -> None:
    ssrc = room.watching.packets[0].ssrc
    number = room.watching.packets[0].sequence
    before = room.worker.counters.packets_sent
    for _ in range(500):
        for nack in rtcp.pack_nacks(1, ssrc, list(range(number, number + 60))):
            room.watching.send_rtcp(nack)
    assert room.worker.counters.packets_sent - before <= 2


def asking_for_keyframes(room: Room) -> None:
    ssrc = room.watching.packets[0].ssrc
    asked = len(room.alice.rtcp)
    for _ in range(1_000):
        room.watching.ask_keyframe(ssrc)
    assert len(room.alice.rtcp) - asked <= 2


def absurd_reports(room: Room) -> None:
    ssrc = room.watching.packets[0].ssrc
    for lost in (-1, 255, 1 << 23):
        block = rtcp.ReportBlock(ssrc, 255, min(lost, (1 << 23) - 1), (1 << 32) - 1, (1 << 32) - 1, 1, (1 << 32) - 1)
        room.watching.send_rtcp(rtcp.pack_receiver_report(1, [block] * 31))
    for bitrate in (1, (0x3FFFF) << 63):
        room.watching.send_rtcp(rtcp.pack_estimate(1, bitrate, [ssrc]))
    for ntp in (0, (1 << 64) - 1):
        room.mallory.send_rtcp(rtcp.pack_sender_report(room.mallory.streams["1"].ssrc, ntp, 0, 0, 0))
    for _ in range(20):
        room.worker.tick(0.25)


def goodbyes_for_others(room: Room) -> None:
    bye = struct.pack("!BBHI", 0x81, 203, 1, room.alice.streams["1"].ssrc)
    room.mallory.send_rtcp(bye)
    room.watching.send_rtcp(bye)


def garbage_from_a_path_that_is_known(room: Room) -> None:
    for first in range(256):
        room.mallory.send_raw(bytes([first]) + bytes(60))
        room.watching.send_raw(bytes([first]) + b"\xff" * 60)


def an_alert_that_is_not_encrypted(room: Room) -> None:
    """Spoofed by a stranger who knows the addresses of both."""
    address = next(each for each, peer in room.worker._peers.items() if peer is room.alice)
    for content in (b"\x01\x00", b"\x02\x28"):  # close_notify, handshake_failure (RFC 8446, section 6)
        room.worker.receive(b"\x15\xfe\xfd" + bytes(8) + len(content).to_bytes(2) + content, address)


def another_hello(room: Room) -> None:
    address = next(each for each, peer in room.worker._peers.items() if peer is room.alice)
    hello = b"\xfe\xfd" + bytes(32) + b"\x00\x00" + b"\x00\x02\xc0\x2b" + b"\x01\x00"
    message = b"\x01" + len(hello).to_bytes(3) + b"\x00\x00" + bytes(3) + len(hello).to_bytes(3) + hello
    for _ in range(50):
        room.worker.receive(b"\x16\xfe\xff" + bytes(8) + len(message).to_bytes(2) + message, address)


def media_from_elsewhere(room: Room) -> None:
    """Right packets of Alice's, from an address that never checked."""
    sent: list[bytes] = []
    receive = room.worker.receive
    room.worker.receive = lambda data, address=STRANGER: sent.append(data)  # type: ignore[method-assign]
    room.alice.send_frame("1")
    room.worker.receive = receive  # type: ignore[method-assign]
    assert len(sent) == 1
    came = len(room.bob.packets)
    for data in sent:
        room.worker.receive(data, STRANGER)
    assert len(room.bob.packets) == came


ATTACKS: list[Callable[[Room], None]] = [
    many_streams,
    many_streams_of_nobody,
    all_payload_types,
    replayed,
    numbers_that_jump,
    asking_for_everything_again,
    asking_for_keyframes,
    absurd_reports,
    goodbyes_for_others,
    garbage_from_a_path_that_is_known,
    an_alert_that_is_not_encrypted,
    another_hello,
    media_from_elsewhere,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_the_others_notice_nothing(attack: Callable[[Room], None]) -> None:
    async def scenario(worker: MemoryWorker) -> None:
        room = await gather(worker)
        room.bystanders_are_well()
        attack(room)
        await worker.settle()
        room.bystanders_are_well()
        worker.tick(0.1)
        room.bystanders_are_well()
        for name in ("alice", "mallory"):
            leg = worker.worker._routers["room"].participants[name].publish_leg
            assert leg is not None
            assert len(leg.transport._ssrcs) <= MAX_SSRCS

    play(scenario)


def strange_datagrams(ufrag: str) -> Iterator[bytes]:
    """What someone may send who was not let in, and may have seen an SDP but not its password."""
    for method in (stun.Method.BINDING, stun.Method.ALLOCATE):
        for kind in (stun.Class.REQUEST, stun.Class.INDICATION, stun.Class.RESPONSE, stun.Class.ERROR):
            message = stun.Message(method, kind)
            message.attributes["USERNAME"] = f"{ufrag}:x"
            yield bytes(message)
            message.add_message_integrity(b"guessed")
            yield bytes(message)
    for first in range(256):
        yield bytes([first]) + bytes(47)
    hello = b"\x16\xfe\xff" + bytes(8) + (1_200).to_bytes(2) + b"\x01" + bytes(1_199)
    yield hello
    yield hello[:20]


def test_strangers_get_no_octet_back() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        room = await gather(worker)
        assert room.alice._remote is not None
        ufrag = room.alice._remote.ufrag
        before, size = worker.counters.packets_sent, worker.agent.size
        tap = Tap(worker)
        for data in strange_datagrams(ufrag):
            worker.receive(data, STRANGER)
        await worker.settle()
        assert tap.out == []
        assert (worker.counters.packets_sent, worker.agent.size) == (before, size)
        room.bystanders_are_well()

    play(scenario)


def address_of(worker: MemoryWorker, peer: Peer) -> Address:
    return next(address for address, each in worker._peers.items() if each is peer)


@attrs.define
class Tap:
    """What goes out, and where to, as it goes there."""

    worker: MemoryWorker
    out: list[tuple[int, Address]] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        send = self.worker.send

        def tapped(data: bytes, address: Address) -> bool:
            self.out.append((len(data), address))
            return send(data, address)

        self.worker.send = tapped  # type: ignore[method-assign]

    def octets(self, to: Address) -> int:
        return sum(length for length, address in self.out if address == to)


def test_whoever_was_let_in_can_have_nothing_sent_to_somebody_else() -> None:
    """Checks with a victim's address as their sender's: it gets the answers and our checks of it, and no media."""

    async def scenario(worker: MemoryWorker) -> None:
        room = await gather(worker)
        tap, came = Tap(worker), 0
        for _ in range(20):
            check = room.watching._check()
            came += len(check)
            worker.receive(check, STRANGER)
            for _ in range(5):
                room.alice.send_frame("1")
            worker.tick(0.2)
        assert 0 < tap.octets(STRANGER) <= 3 * came
        assert len(room.watching.packets) == 1 + 20 * 5, "it all goes where it went"

    play(scenario)


def test_nobody_takes_the_address_of_another() -> None:
    """A check of Mallory's with Alice's address: what Alice sends is hers as ever, and so is what she gets."""

    async def scenario(worker: MemoryWorker) -> None:
        room = await gather(worker)
        for peer in (room.alice, room.bob):
            for _ in range(5):
                worker.receive(room.mallory._check(), address_of(worker, peer))
                room.bystanders_are_well()
                worker.tick(0.2)

    play(scenario)


def test_a_check_that_somebody_else_sends_again_moves_nothing() -> None:
    """Who sees a check on its way can send it from another address, but not answer ours."""

    async def scenario(worker: MemoryWorker) -> None:
        room = await gather(worker)
        tap = Tap(worker)
        worker.receive(room.bob._check(), STRANGER)
        room.bystanders_are_well()
        answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE)
        answer.add_message_integrity(b"guessed")
        worker.receive(bytes(answer), STRANGER)
        room.bystanders_are_well()
        assert tap.octets(STRANGER) <= 2 * len(room.bob._check())

    play(scenario)


def test_a_page_in_another_network_proves_that_it_is_there() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        room = await gather(worker)
        elsewhere: Address = ("198.51.100.9", 9)
        worker.move(room.bob, elsewhere)
        tap = Tap(worker)
        came = len(room.bob.packets)
        room.alice.send_frame("1")
        assert len(room.bob.packets) == came, "sent to where it was"
        room.bob.send_check()
        room.alice.send_frame("1")
        assert len(room.bob.packets) == came + 1
        assert tap.octets(elsewhere) > 0

    play(scenario)
