"""Which packets go out before Python sees them, and which do not."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from media.worker.codecs import H264, VP8
from media.worker.ice import Path
from media.worker.inlet import NO_LANE
from media.worker.kernel.fanout import pack_address
from media.worker.kernel.inlet import KernelDoor, unpack_address
from tests.media.worker.fanout_rig import bound
from tests.media.worker.inlet_packets import begun, picture, rtp, video
from tests.media.worker.inlet_rig import PAYLOAD_TYPE, ROOM, STREAM, LayerRig

# ---- what goes ahead, and what does not


@pytest.fixture
def rig() -> Iterator[LayerRig]:
    yield from begun()


def numbers(rig: LayerRig) -> list[list[int]]:
    """By how much the numbers of what came differ from the first one's."""
    found = [[packet.sequence for packet in packets] for packets in rig.received()]
    return [[(number - each[0]) & 0xFFFF for number in each] for each in found]


def test_what_comes_in_order_goes_ahead(rig: LayerRig) -> None:
    rig.send(*(video(number) for number in range(2, 12)))
    assert (rig.slow, rig.ahead()) == (1, 10)
    assert numbers(rig) == [list(range(11))] * 3
    assert rig.layer.packets == 11
    assert rig.counters.packets_sent == 33
    assert rig.counters.packets_received == 10, "the first one is counted by who takes it from the socket"


def test_sequence_numbers_wrap_around() -> None:
    with closing(LayerRig(VP8, inlet=True)) as rig:
        rig.play()
        rig.send(video(0xFFFE, key=True))
        rig.send(video(0xFFFF), video(0x10000), video(0x10001))
        assert (rig.slow, rig.ahead()) == (1, 3)
        assert numbers(rig) == [[0, 1, 2, 3]] * 3


@pytest.mark.parametrize(
    "special",
    [
        video(2, key=True),
        video(3),
        video(2, layer=3),
        video(2, padding=1),
        video(2, payload_type=101),
        rtp(2, b""),
        rtp(2, b"\x80"),
        rtp(2, b"\x90\xf0\x80\x01\x05"),
    ],
    ids=["keyframe", "gap", "layer", "padding", "type", "empty", "cut off", "descriptor"],
)
def test_what_is_special_is_for_python(rig: LayerRig, special: bytes) -> None:
    rig.consumers[0].temporal = rig.consumers[0].temporal_target = 2
    rig.layer.audience.arm(PAYLOAD_TYPE, 2, pictures=True)
    rig.send(special)
    assert rig.ahead() == 0
    assert rig.slow == 2


def test_after_something_for_python_all_waits_for_it(rig: LayerRig) -> None:
    order = list[str]()
    taken = rig._take

    def take(data: bytes, at: float | None) -> None:
        order.append("python")
        taken(data, at)

    rig._take = take  # type: ignore[method-assign]
    rig.send_raw(rig.protect(video(2)))
    rig.send_raw(b"\x00 a check")
    rig.send_raw(rig.protect(video(3)))
    rig.now = 0.0
    rig.wait()
    assert (rig.ahead(), rig.slow) == (1, 2), "the third one waited"
    assert order == ["python"]
    assert numbers(rig) == [[0, 1, 2]] * 3


def test_who_does_not_receive_costs_nothing() -> None:
    with closing(LayerRig(VP8, inlet=True)) as rig:
        rig.send(video(1, key=True))
        rig.send(*(video(number) for number in range(2, 12)))
        assert rig.ahead() == 10
        assert rig.received() == [[], [], []]
        assert rig.layer.packets == 11


def test_what_is_forged_is_refused_and_the_next_one_goes_ahead(rig: LayerRig) -> None:
    good = rig.protect(video(2))
    rig.send_raw(good[:-1] + bytes([good[-1] ^ 1]))
    rig.wait()
    assert (rig.refused, rig.slow, rig.ahead()) == (1, 1, 0)
    rig.send_raw(good)
    rig.wait()
    assert (rig.refused, rig.slow, rig.ahead()) == (1, 1, 1)
    assert rig.serving[0] == 0


def test_what_comes_from_elsewhere_is_for_python(rig: LayerRig) -> None:
    with bound() as other:
        other.sendto(rig.protect(video(2)), rig.socket.getsockname())
        rig.now = 0.0
        rig.wait()
        assert (rig.slow, rig.ahead()) == (2, 0)
        rig.door.take(Path(rig.endpoint, other.getsockname()))
        other.sendto(rig.protect(video(3)), rig.socket.getsockname())
        rig.wait()
        assert (rig.slow, rig.ahead()) == (2, 1), "there it is now"


def test_no_header_extension_has_the_number_that_says_that_there_is_none(rig: LayerRig) -> None:
    rig.lane.read(0, 0, 0)
    rig.send(video(2, extensions=b"\xbe\xde\x00\x01\x01\xaa\xbb\x00"))
    assert rig.ahead() == 1
    assert rig.told[-1] == (-1, -1)


def test_a_door_that_is_held_lets_nothing_ahead(rig: LayerRig) -> None:
    rig.door.hold(held=True)
    rig.send(video(2))
    assert (rig.slow, rig.ahead()) == (2, 0)
    rig.door.hold(held=False)
    rig.send(video(3))
    assert (rig.slow, rig.ahead()) == (2, 1)
    rig.door.take(None)
    rig.send(video(4))
    assert (rig.slow, rig.ahead()) == (3, 1)


def test_a_door_that_is_held_for_two_reasons_is_held_until_none_is_left(rig: LayerRig) -> None:
    for held, slow in ((True, 2), (True, 3), (False, 4), (False, 4)):
        rig.door.hold(held=held)
        rig.send(video(rig.layer.packets + 1))
        assert rig.slow == slow
    assert rig.ahead() == 1


def test_a_door_that_is_closed_is_gone(rig: LayerRig) -> None:
    assert rig.inlet is not None
    assert (rig.inlet.statistics().doors, rig.inlet.statistics().lanes) == (1, 1)
    rig.door.close()
    rig.door.secure(1)
    rig.door.take(Path(rig.endpoint, rig.source.getsockname()))
    assert (rig.inlet.statistics().doors, rig.inlet.statistics().lanes) == (0, 0)
    assert rig.door.lane(STREAM, VP8, rig._took) is NO_LANE
    rig.send(video(2))
    assert (rig.slow, rig.ahead()) == (2, 0)


def test_one_who_cannot_be_sent_to_from_c_has_python_forward_to_all(rig: LayerRig) -> None:
    sent: list[bytes] = []

    class Stream:
        is_stream = True

        def send(self, data: bytes, address: object) -> bool:
            sent.append(data)
            return True

    rig.rig.routes[1].take(Path(Stream(), ("192.0.2.1", 1)))
    rig.send(video(2), video(3))
    assert rig.ahead() == 0
    assert len(sent) == 2
    assert numbers(rig)[::2] == [[0, 1, 2]] * 2


def test_codecs_that_c_cannot_read_have_no_lane(rig: LayerRig) -> None:
    assert rig.door.lane(STREAM, H264, rig._took) is NO_LANE
    rig.send(video(2))
    assert (rig.slow, rig.ahead()) == (2, 0)


def test_whatever_changes_disarms(rig: LayerRig) -> None:
    first, second, third = rig.consumers
    changes: list[Callable[[], object]] = [
        lambda: first.select(None),
        lambda: first.select(rig.layer),
        lambda: setattr(second, "temporal_target", 1),
        lambda: setattr(second, "temporal", 1),
        second.pause,
        third.leave,
        lambda: setattr(third, "takes_redundant", True),
        lambda: third.choose_redundant(wanted=True),
    ]
    for number, change in enumerate(changes):
        rig.layer.audience.arm(PAYLOAD_TYPE, 2, pictures=False)
        armed = rig.lane.record.armed
        change()
        if number != 6:
            assert (number, rig.lane.record.armed) == (number, 0)
        assert armed or rig.layer.audience.waiting


def test_who_waits_to_be_sent_more_layers_does_not_keep_the_others_back(rig: LayerRig) -> None:
    waits = rig.consumers[0]
    waits.temporal = 2  # the highest there are, and nothing tells that there are no more
    rig.send(video(2))
    rig.send(video(3), video(4, layer=2), video(5, layer=1))
    assert (rig.slow, rig.ahead()) == (2, 3)
    waits.temporal = 0
    rig.send(video(6))
    rig.send(video(7), video(8, layer=1))
    assert (rig.slow, rig.ahead()) == (4, 4)
    assert waits.left_out == 1
    rig.send(rtp(9, picture(9, layer=1, sync=True), timestamp=30_000))
    assert (waits.temporal, rig.slow) == (1, 5)
    rig.send(video(10, key=True))
    assert waits.temporal == waits.temporal_target


# ---- many at once


def test_no_datagram_is_lost_of_more_than_are_kept_at_a_time(rig: LayerRig) -> None:
    rig.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    for number in range(2, 702):
        rig.send_raw(rig.protect(video(number)))
    came = 0
    for _ in range(20):
        rig.now = 0.0
        assert rig.inlet is not None
        rig.inlet.wait(0.0)
        came += sum(map(len, rig.received()))
    assert came == 3 * 701
    assert rig.layer.packets == 701


def test_a_bug_with_one_does_not_lose_the_others(rig: LayerRig, caplog: pytest.LogCaptureFixture) -> None:
    take, seen = rig._take, list[bytes]()

    def fails(data: bytes, at: float | None) -> None:
        seen.append(data)
        if len(seen) == 1:
            raise ZeroDivisionError
        take(data, at)

    rig._take = fails  # type: ignore[method-assign]
    rig.send(video(2, key=True), video(3, key=True))
    assert len(seen) == 2
    assert "datagram not handled" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert rig.serving[0] == 0


@settings(max_examples=30, deadline=None)
@example([(True, number) for number in range(40)] + [(False, number) for number in range(0, 40, 2)])
@example([(True, number) for number in range(40)] + [(False, number) for number in range(20)])
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 39)), max_size=120))
def test_doors_are_found_whichever_come_and_go(steps: list[tuple[bool, int]]) -> None:
    with closing(LayerRig(VP8, inlet=True)) as rig, ExitStack() as stack:
        assert rig.inlet is not None
        sources = [stack.enter_context(bound()) for _ in range(40)]
        came: list[int] = []
        doors: dict[int, KernelDoor] = {}
        for opens, number in steps:
            if opens and number not in doors:
                door = doors[number] = rig.inlet.door(ROOM, partial(_note, came, number))
                door.secure(rig.session)
                door.take(Path(rig.endpoint, sources[number].getsockname()))
                door.lane(STREAM, VP8, rig._took).arm(PAYLOAD_TYPE, 7, [], 3, 0)
            elif not opens and number in doors:
                doors.pop(number).close()
        for source in sources:
            source.sendto(rtp(7, bytes(30)), rig.socket.getsockname())
            rig.inlet.wait(0.0)
        assert came == sorted(doors), "only who has a door is found not to be authentic"


def _note(came: list[int], number: int, data: bytes | None, now: float) -> None:
    assert data is None
    assert now > 0.0
    came.append(number)


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6), st.integers(0, 65_535))
def test_addresses_are_as_sockets_have_them(address: Any, port: int) -> None:
    host = socket.inet_ntop(socket.AF_INET if address.version == 4 else socket.AF_INET6, address.packed)
    name = (host, port) if address.version == 4 else (host, port, 5, 9)
    assert unpack_address(pack_address(name)) == name
