"""Short stories of what can happen in a room. Each is told whatever becomes of the tasks in it, and ends at rest.

Ada (``p1``) is there from the beginning and reads all the time; Bob is the second to knock (``p2`` and ``greet:2``),
and whoever comes after him, be it himself on another socket, is greeted by ``greet:3``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio
import trio.testing

from chatroom.limits import Limits
from chatroom.room import Room
from chatroom.testing import Page
from nurseries.testing import Injected
from tests.chatroom.house import House, open_house
from tests.chatroom.verdict import ended, verify

Story = Callable[[House, Page], Awaitable[None]]

LIMITS = Limits(room_linger=20, socketless=15)

settled = trio.testing.wait_all_tasks_blocked


def _blue(house: House) -> Room | None:
    return house.directory.find("blue")


async def _bob(house: House) -> Page:
    bob = house.knock("Bob")
    await settled()
    await bob.all()
    return bob


async def coming(house: House, ada: Page) -> None:
    bob, eve = house.knock("Bob"), house.knock("Eve", room="red")
    await settled()
    eve.session.ended("tab_closed")
    bob.send("leave")


async def publishing(house: House, ada: Page) -> None:
    bob = await _bob(house)
    bob.send("publish", ref="1", sdp="v=0", tracks={"0": "camera"})
    bob.send("publish", ref="2", sdp="nonsense", tracks={})
    bob.send("answer", ref="3", offer=1, sdp="v=0")
    bob.send("restart", ref="4", fresh=True)
    await settled()


async def chatting(house: House, ada: Page) -> None:
    bob = await _bob(house)
    for number in range(3):
        bob.send("chat", ref=str(number), text=f"{number}")
        ada.send("update", camera=bool(number % 2))
        ada.send("chat", text=f"{number}!")
    await settled()


async def losing(house: House, ada: Page) -> None:
    """A lost socket that nobody comes back from, until the lease ends."""
    bob = await _bob(house)
    bob.session.ended("connection_lost")
    await trio.sleep(12)
    house.come_back(bob)


async def resuming(house: House, ada: Page) -> None:
    bob = await _bob(house)
    bob.session.ended("connection_lost")
    ada.send("chat", text="gone?")
    await trio.sleep(1)
    again = house.come_back(bob, camera=False)
    again.send("chat", text="here")
    await settled()
    again.session.ended("connection_lost")
    last = house.come_back(again)
    await settled()
    last.session.ended("tab_closed")


async def replacing(house: House, ada: Page) -> None:
    """Another tab takes over while the first still speaks, and publishes."""
    bob = await _bob(house)
    house.media.answering = trio.Event()
    for number in range(3):
        bob.send("publish", ref=str(number), sdp="v=0", tracks={})
    again = house.come_back(bob)
    bob.send("chat", text="not me any more")
    again.send("publish", ref="p", sdp="v=0", tracks={})
    await settled()
    house.media.answering.set()
    await settled()
    bob.session.ended("connection_lost")


async def kicking(house: House, ada: Page) -> None:
    bob = await _bob(house)
    again = house.come_back(bob)
    if (room := _blue(house)) is not None:
        room.kick("p2")
    await settled()
    again.send("join", room="blue", name="Bob", microphone=True, camera=True)
    await settled()


async def closing(house: House, ada: Page) -> None:
    """With one who is there, one at the door, and one who comes after."""
    bob = await _bob(house)
    house.knock("Eve")
    await trio.lowlevel.checkpoint()
    if (room := _blue(house)) is not None:
        room.close()
    house.come_back(bob)
    house.knock("Zoe")
    await settled()
    bob.session.ended("connection_lost")


async def draining(house: House, ada: Page) -> None:
    house.knock("Bob")
    await trio.lowlevel.checkpoint()
    house.come_back(ada)
    with trio.fail_after(5):
        await house.directory.emptied("Closing time.", within=1, unless=trio.Event())
        await house.directory.drain("Closing time.")


async def losing_the_worker(house: House, ada: Page) -> None:
    bob = await _bob(house)
    bob.send("publish", sdp="v=0", tracks={})
    house.media.lose()
    bob.send("publish", ref="1", sdp="v=0", tracks={})
    bob.session.ended("connection_lost")
    eve = house.knock("Eve")
    await settled()
    house.media.restore()
    for epoch in list(house.media.attached):
        house.media.offer(epoch, 1)
        house.media.hear(epoch, age=0.1)
    house.come_back(bob)
    await settled()
    eve.send("leave")


async def asking_again(house: House, ada: Page) -> None:
    """Sockets that are lost before the answer to a join came, and that join on others: two at once, and a last one."""
    key = "a key of Bob's choosing"
    first = house.knock("Bob", key=key)
    await trio.lowlevel.checkpoint()
    first.session.ended("connection_lost")
    for _ in range(2):
        house.knock("Bob", key=key)
    await settled()
    bob = house.knock("Bob", key=key)
    await settled()
    names = [record.name for record in house.directory.log("blue") or () if record.left_at is None]
    assert names.count("Bob") <= 1, "one person is there once"
    bob.send("leave")


async def racing(house: House, ada: Page) -> None:
    """A return, a second one, and the end of the lease, at the same moment."""
    bob = await _bob(house)
    bob.session.ended("connection_lost")
    await trio.sleep(11.5)
    house.come_back(bob)
    house.come_back(bob)
    if (room := _blue(house)) is not None and trio.current_time() % 2:
        room.kick("p2")
    await settled()


STORIES: list[Story] = [
    coming,
    publishing,
    chatting,
    losing,
    resuming,
    replacing,
    kicking,
    closing,
    draining,
    losing_the_worker,
    asking_again,
    racing,
]


async def play(story: Story, *, legless: bool = False) -> None:
    """Tell a story from an empty house to an empty house, and verify what there is at its end."""
    house: House | None = None
    try:
        async with open_house(LIMITS) as house:
            ada = house.live(house.knock("Ada"))
            await settled()
            await story(house, ada)
            await verify(house, legless=legless)
    except* Injected:
        pass  # the house came down by what was planted: that it is paired is said below
    if house is not None:
        ended(house)
