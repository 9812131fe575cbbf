"""What strangers may send to the port, and what that costs the others: nothing.

After each attack the server answers, those who were connected still chat, nothing is in the log that would wake
somebody up, and no task is left behind.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
import trio
import trio.testing

from chatroom.limits import Limits
from tests.web import raw
from tests.web.page import Page, page
from tests.web.raw import Raw, closing, frame, upgrade
from tests.web.served import eventually, serving, tasks

Attack = Callable[[Raw], Coroutine[Any, Any, object]]
ATTACKS: dict[str, Attack] = {}
CHUNKED = b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def attack(function: Attack) -> Attack:
    ATTACKS[function.__name__] = function
    return function


def says(name: str, *parts: bytes) -> None:
    """An attack that sends bytes on a fresh connection."""
    ATTACKS[name] = lambda peer: peer.send(*parts)


def frames(name: str, *parts: bytes) -> None:
    """An attack that sends bytes on a websocket in a room."""

    async def run(peer: Raw) -> None:
        await peer.join()
        await peer.send(*parts)

    ATTACKS[name] = run


# ---- before any protocol
says("nothing")
says("garbage", bytes(range(256)) * 40)
says("zeros", bytes(70_000))
says("a TLS hello", bytes.fromhex("16030100c8010000c40303") + bytes(189))
says("the HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", bytes.fromhex("000000040000000000"))
says(
    "an upgrade to h2c",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
)
says("an SSH banner", b"SSH-2.0-OpenSSH_9.9\r\n")
says("a PROXY header", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n")

# ---- HTTP
says("half a request", b"GET / HTTP/1.1\r\nHost: loc")
says("headers without end", b"GET / HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n" * 20_000)
says("a huge header", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000 + b"\r\n\r\n")
says("a huge target", b"GET /" + b"y" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
says("a target outside ASCII", b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n")
says("no Host", b"GET /healthz HTTP/1.1\r\n\r\n")
says("an empty Host", b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n")
says("two Hosts", b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
says("a Host outside ASCII", b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n")
says("a Host with a port that is a long number", b"GET / HTTP/1.1\r\nHost: a:" + b"1" * 5_000 + b"\r\n\r\n")
says("CONNECT", b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n", b"tunnelled")
says("a full address as target", b"GET http://example.org/ HTTP/1.1\r\nHost: a\r\n\r\n")
says("OPTIONS *", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
says("HTTP/0.9", b"GET /\r\n")
says("HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n")
says("HTTP/3.7", b"GET / HTTP/3.7\r\nHost: a\r\n\r\n")
says("pipelined requests", b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 50)
says("pipelined requests after a last one", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" * 5)
says("a request behind an upgrade", upgrade(), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
says("a body that is no chunk", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n\r\n")
says(
    "a chunk without end", b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", b"x" * 70_000
)
says("a huge chunk size", CHUNKED, b"f" * 1_000 + b"\r\n")
says("two lengths", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx")
says("a negative length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n")
says(
    "length and chunks",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
)
says("less body than said", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\nx")
says("more body than is taken", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n", b"x" * 900_000)
says("100-continue and no body", b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
says("a broken Range", b"GET /static/theme.js HTTP/1.1\r\nHost: a\r\nRange: bytes=9-1,x\r\n\r\n")
says("a broken Cookie", b"GET / HTTP/1.1\r\nHost: a\r\nCookie: \xff=\xfe; =;;\r\n\r\n")
says("a broken date", b"GET /static/theme.js HTTP/1.1\r\nHost: a\r\nIf-Modified-Since: 32 Foo 99999\r\n\r\n")

# ---- the websocket handshake
says("extensions outside ASCII", upgrade(b"Sec-WebSocket-Extensions: \xff\xfe"))
says("extensions that are none", upgrade(b'Sec-WebSocket-Extensions: ;;=,permessage-deflate; x="' + b"y" * 5_000))
says("a protocol outside ASCII", upgrade(b"Sec-WebSocket-Protocol: \xff\xfe"))
says("Connection outside ASCII", upgrade(b"Connection: Upgrade, \xff", drop=b"Connection"))
says("a key outside ASCII", upgrade(b"Sec-WebSocket-Key: \xff\xfe", drop=b"Sec-WebSocket-Key"))
says("no key", upgrade(drop=b"Sec-WebSocket-Key"))
says("no version", upgrade(drop=b"Sec-WebSocket-Version"))
says("version 8", upgrade(b"Sec-WebSocket-Version: 8", drop=b"Sec-WebSocket-Version"))
says("no Connection", upgrade(drop=b"Connection"))
says("two Upgrades", upgrade(b"Upgrade: h2c"))
says("two Connections", upgrade(b"Connection: close"))
says("an upgrade over HTTP/1.0", upgrade(version=b"HTTP/1.0"))
says("an upgrade of another path", upgrade(path=b"/nowhere"))
says("an upgrade of a page", upgrade(path=b"/"))
says("an upgrade with a body", upgrade(b"Content-Length: 5"), b"hello")
says("an upgrade with chunks", upgrade(b"Transfer-Encoding: chunked"), b"5\r\nhello\r\n0\r\n\r\n")
says("frames before the answer", upgrade(), frame(raw.TEXT, raw.JOIN) * 3, closing(1000))
says("a foreign page", upgrade(b"Origin: https://evil.example"), frame(raw.TEXT, raw.JOIN))
says("an Origin outside ASCII", upgrade(b"Origin: http://\xff\xfe"))
says("an Origin that is no address", upgrade(b"Origin: http://[::1"))
says("an Origin with a long port", upgrade(b"Origin: http://a:" + b"1" * 5_000))

# ---- websocket frames
frames("an unmasked frame", frame(raw.TEXT, b'{"type":"pong"}', masked=False))
frames("reserved bits", frame(raw.TEXT, b'{"type":"pong"}', reserved=4))
frames("an opcode that is none", frame(3, b"x"))
frames("a control opcode that is none", frame(11, b"x"))
frames("text that is no UTF-8", frame(raw.TEXT, b'{"type":"chat","text":"\xff\xfe"}'))
frames("half a character at the end", frame(raw.TEXT, "é".encode()[:1]))
frames("a fragmented ping", frame(raw.PING, b"x", fin=False))
frames("a long ping", frame(raw.PING, b"x" * 126))
frames("interleaved messages", frame(raw.TEXT, b'{"type":', fin=False), frame(raw.BINARY, b"x"))
frames("a piece of nothing", frame(0, b"x"))
frames("a message in pieces without end", frame(raw.TEXT, b"x", fin=False), frame(0, b"y", fin=False) * 20_000)
frames("a thousand empty pieces", frame(raw.TEXT, b"", fin=False), frame(0, b"", fin=False) * 1_000)
frames("a ping between pieces", frame(raw.TEXT, b'{"type":', fin=False), frame(raw.PING, b"x"), frame(0, b'"pong"}'))
frames("a close frame of one byte", frame(raw.CLOSE, b"x"))
frames("a close frame with code 1005", frame(raw.CLOSE, struct.pack("!H", 1005)))
frames("a close frame with code 0", frame(raw.CLOSE, struct.pack("!H", 0)))
frames("a close frame with code 65535", frame(raw.CLOSE, struct.pack("!H", 65_535)))
frames("a close frame with a broken reason", closing(1000, b"\xff\xfe"))
frames("a ping racing a close", closing(1000), frame(raw.PING, b"x"), frame(raw.TEXT, b'{"type":"pong"}'))
frames("two closes", closing(1000), closing(1000))
frames("pings", frame(raw.PING, b"x") * 2_000)
frames("pongs", frame(raw.PONG, b"x") * 2_000)
frames("a length of 2**63", struct.pack("!BBQ", 0x81, 255, 1 << 63))
frames("a length of 2**62", struct.pack("!BBQ", 0x81, 255, 1 << 62), b"mask", b"x" * 100_000)
frames("a length written too long", struct.pack("!BBQ", 0x81, 255, 3), b"mask", b"xyz")
frames("half a frame", frame(raw.TEXT, b'{"type":"pong"}')[:5])
frames("binary too large, then text", frame(raw.BINARY, b"x" * 200_000), frame(raw.TEXT, b'{"type":"pong"}'))
frames("text too large, then text", frame(raw.TEXT, b"x" * 200_000), frame(raw.TEXT, b'{"type":"pong"}'))
frames("binary too large in pieces", frame(raw.BINARY, b"x" * 60_000, fin=False), frame(0, b"x" * 60_000), b"junk")
frames("an empty binary message", frame(raw.BINARY))
frames("HTTP on a websocket", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
frames("a leave, and more", frame(raw.TEXT, b'{"type":"leave"}'), frame(raw.TEXT, b'{"type":"chat","text":"x"}') * 50)


@attack
async def a_ping_racing_our_close(peer: Raw) -> None:
    await peer.join()
    await peer.send(frame(raw.BINARY, b"x"))
    with trio.move_on_after(0.5), suppress(trio.BrokenResourceError):
        while True:
            await peer.send(frame(raw.PING, b"x"))
            await trio.sleep(0.005)


@attack
async def a_close_in_answer_to_our_close_and_more(peer: Raw) -> None:
    await peer.join()
    await peer.send(frame(raw.BINARY, b"x"))
    assert (await peer.frame())[0] == raw.CLOSE
    await peer.send(closing(1003), frame(raw.PING), frame(raw.TEXT, b"x"))


@attack
async def a_half_open_connection(peer: Raw) -> None:
    await peer.join()
    await peer.stream.send_eof()


@attack
async def a_body_byte_by_byte(peer: Raw) -> None:
    await peer.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n")
    with trio.move_on_after(0.1):
        for _ in range(20):
            await peer.send(b"x")
            await trio.lowlevel.checkpoint()


#: Who is gone without a word is not kept for long: what is looked at here is what is left of them after that.
LEFT_SOON = Limits(room_linger=0.01, ping_after=1.0, reconnecting_after=2.0, left_after=3.0)


async def _stay(*pages: Page) -> None:
    """Give a sign of life now and then."""
    while True:
        for one in pages:
            await one.send("pong")
        await trio.sleep(0.3)


async def _with_a_fin(name: str, peer: Raw) -> None:
    with suppress(trio.BrokenResourceError):  # it has had enough of us
        await ATTACKS[name](peer)
        with trio.move_on_after(0.05):
            await peer.rest()  # look at what it says
        await peer.stream.send_eof()
        with trio.move_on_after(0.05):
            await peer.rest()


async def _with_a_reset(name: str, peer: Raw) -> None:
    with suppress(trio.BrokenResourceError):
        await ATTACKS[name](peer)
    await peer.reset()


@pytest.mark.parametrize("name", ATTACKS)
async def test_the_server_survives(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with (
        serving(LEFT_SOON) as server,
        page(server.port, "Ada", room="witnesses") as ada,
        page(server.port, "Bob", room="witnesses") as bob,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(_stay, ada, bob)
        await trio.testing.wait_all_tasks_blocked()
        before = tasks()
        for end in (_with_a_fin, _with_a_reset):
            async with await raw.connect(server.port) as peer:
                await end(name, peer)
            assert (await raw.get(server.port))[0] == 200
            await ada.echo(end.__name__)
            assert (await bob.next("chat"))["message"]["text"] == end.__name__
            await eventually(lambda: tasks() <= before)
            assert server.node.statistics().sockets == 2
        await ada.nothing("participant_left", "error")
        nursery.cancel_scope.cancel()
    worrying = [record for record in caplog.records if record.levelno >= logging.WARNING]
    # Who makes the frames of an attack is in the same process, and may hold it up.
    messages = [record.getMessage() for record in worrying]
    assert [message for message in messages if "looked too late" not in message] == []
