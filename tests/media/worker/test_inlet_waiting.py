"""How an inlet waits, for its sockets and for all else that the loop has."""

from __future__ import annotations

import asyncio
import selectors
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial

import pytest

from media.worker.codecs import VP8
from media.worker.inlet import InletSelector, NoInlet, make_loop
from media.worker.kernel.fanout import KernelFanout
from media.worker.kernel.inlet import KernelInlet
from media.worker.udp import UdpEndpoint, arrival
from media.worker.watchdog import where
from tests.media.worker.fanout_rig import bound
from tests.media.worker.inlet_packets import begun, video
from tests.media.worker.inlet_rig import PAYLOAD_TYPE, STREAM, LayerRig
from tests.media.worker.kernel import kernel


@pytest.fixture
def rig() -> Iterator[LayerRig]:
    yield from begun()


def test_it_waits_as_long_as_it_is_told(rig: LayerRig) -> None:
    assert rig.inlet is not None
    began = time.monotonic()
    assert not rig.inlet.wait(0.02)
    assert time.monotonic() - began >= 0.02
    rig.send_raw(b"\x00")
    assert not rig.inlet.wait(None), "a datagram is nothing else"


def test_who_waits_is_not_held(rig: LayerRig) -> None:
    assert rig.inlet is not None
    seen = list[str]()
    watched = threading.get_ident()
    look = threading.Timer(0.01, lambda: seen.append(where(sys._current_frames().get(watched))))
    look.start()
    rig.inlet.wait(0.2)
    look.join()
    assert seen == [""]


def test_forwarding_is_no_reason_to_wake_up_early(rig: LayerRig) -> None:
    assert rig.inlet is not None
    rig.send_raw(rig.protect(video(2)))
    rig.now = 0.0
    began = time.monotonic()
    assert not rig.inlet.wait(0.02)
    assert time.monotonic() - began >= 0.02
    assert rig.ahead() == 1


def test_nothing_is_served_while_it_waits(rig: LayerRig) -> None:
    assert rig.inlet is not None
    seen = list[int]()
    rig.send_raw(rig.protect(video(2)))
    look = threading.Timer(0.02, lambda: seen.append(rig.serving[0]))
    look.start()
    rig.inlet.wait(0.2)
    look.join()
    assert (rig.ahead(), seen) == (1, [0])


def test_it_returns_when_no_more_can_be_kept(rig: LayerRig) -> None:
    assert rig.inlet is not None
    rig.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    for number in range(2, 302):
        rig.send_raw(rig.protect(video(number)))
    began = time.monotonic()
    rig.inlet.wait(30.0)
    assert time.monotonic() - began < 15.0
    assert rig.ahead() >= 150


def have_stamped(*sockets: socket.socket) -> None:
    """Have the kernel note when something comes; it begins a moment after the first has wanted that."""
    with bound() as probe:
        for sock in (*sockets, probe):
            sock.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
        for _ in range(1_000):
            probe.sendto(b"", probe.getsockname())
            sent = time.monotonic()
            while time.monotonic() < sent + 0.002:
                pass
            _, ancillary, *_ = probe.recvmsg(1, 64)
            now = time.monotonic()
            if arrival(ancillary, now, time.time()) < now - 0.001:
                return
    pytest.fail("the kernel does not say when something came")


def test_when_it_came_is_what_the_kernel_says_and_goes_out_with_it(rig: LayerRig) -> None:
    assert rig.inlet is not None
    rig.received()
    have_stamped(rig.socket)
    at = list[float]()
    rig.door.forget(STREAM)
    lane = rig.door.lane(STREAM, VP8, lambda _, now, *read: at.append(now))
    lane.arm(PAYLOAD_TYPE, 2, [consumer.outgoing for consumer in rig.consumers], 3, 0)
    before = time.monotonic()
    rig.send_raw(rig.protect(video(2)))
    after = time.monotonic()
    while time.monotonic() < after + 0.2:
        pass
    rig.inlet.wait(0.0)
    assert before - 0.1 <= at[0] < after + 0.1
    (packet,) = rig.received()[0]
    assert packet.extensions()[2] == (int(at[0] * 262_144) & 0xFFFFFF).to_bytes(3)


def test_an_address_is_of_one_endpoint(rig: LayerRig) -> None:
    assert rig.inlet is not None
    with bound() as sock:
        came = list[bytes]()
        other = UdpEndpoint(sock, lambda data, *_: came.append(data), rig.counters)
        rig.inlet.watch(other)
        rig.source.sendto(rig.protect(video(2)), sock.getsockname())
        rig.wait()
        assert (len(came), rig.ahead()) == (1, 0)


def test_no_flood_of_some_endpoints_keeps_another_waiting(rig: LayerRig) -> None:
    assert rig.inlet is not None
    came = [0] * 6
    with ExitStack() as stack:
        sockets = [stack.enter_context(bound()) for _ in came]
        for number, sock in enumerate(sockets):
            rig.inlet.watch(UdpEndpoint(sock, partial(_count, came, number), rig.counters))
        for _ in came:
            for sock in sockets:
                for _ in range(65):  # a datagram more than is read of it at a time
                    rig.source.sendto(b"\x00", sock.getsockname())
            rig.inlet.wait(0.0)
    assert min(came) >= 64


def _count(came: list[int], number: int, *_: object) -> None:
    came[number] += 1


def test_an_error_about_something_sent_is_passed_over(rig: LayerRig) -> None:
    with bound() as closed:
        address = closed.getsockname()
    rig.socket.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
    rig.socket.sendto(b"nobody is there", address)
    rig.send(video(2))
    assert rig.ahead() == 1


def test_a_socket_that_is_ignored_is_not_read(rig: LayerRig) -> None:
    assert rig.inlet is not None
    rig.inlet.ignore(rig.endpoint)
    rig.send_raw(b"\x00")
    rig.inlet.wait(0.0)
    assert rig.socket.recv(10) == b"\x00"


def test_what_was_closed_meanwhile_is_not_ready() -> None:
    class Closing(NoInlet):
        waits = 0

        def wait(self, timeout: float | None) -> bool:
            self.waits += 1
            if self.waits == 2:
                selector.unregister(near)
                near.close()
            return True

    near, far = socket.socketpair()
    other, another = socket.socketpair()
    with near, far, other, another, InletSelector() as selector:
        for sock, peer in ((near, far), (other, another)):
            selector.register(sock, selectors.EVENT_READ)
            peer.send(b"x")
        selector.inlet = Closing()
        assert [key.fileobj for key, _ in selector.select(None)] == [other]


def test_the_loop_waits_with_it_and_nothing_overtakes() -> None:
    """What came by UDP before something else is handled before it, too."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        order = list[str]()
        near, far = socket.socketpair()
        with near, far, closing(LayerRig(VP8, inlet=False)) as rig:
            rig._receive = lambda *_: order.append("datagram")  # type: ignore[method-assign]
            endpoint = UdpEndpoint(rig.socket, lambda *_: order.append("datagram"), rig.counters)
            assert isinstance(rig.rig.fanout, KernelFanout)
            inlet = KernelInlet(kernel(), rig.rig.fanout, rig.counters, rig.serving, selector.fileno())
            inlet.watch(endpoint)
            selector.inlet = inlet
            near.setblocking(False)
            loop.add_reader(near, lambda: order.append(near.recv(1).decode()))
            for _ in range(20):
                rig.send_raw(b"\x00")
                far.send(b"s")
                await asyncio.sleep(0.001)
            async with asyncio.timeout(5):
                while len(order) < 40:  # noqa: ASYNC110 - they do not tell
                    await asyncio.sleep(0.001)
            selector.inlet = None
        assert order == ["datagram", "s"] * 20

    selector = InletSelector()
    with asyncio.Runner(loop_factory=lambda: make_loop(selector)) as runner:
        runner.run(main())
