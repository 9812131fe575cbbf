"""Who is in which room of a bridge, and what they were told."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import attrs

from chatroom.media import MediaEvent, MediaLost, MediaRestored
from media.bridge import Bridge, MediaSettings
from media.bridge.session import Session
from tests.media.bridge.fakes import settle

TWO = MediaSettings(port=10_000, workers=2, spare=True)
LOST = [MediaLost(), MediaRestored()]


@attrs.define(eq=False)
class People:
    """Who is in which room, and what they were told."""

    bridge: Bridge
    stack: AsyncExitStack
    told: dict[str, list[MediaEvent]] = attrs.field(factory=dict)
    log: list[str] = attrs.field(factory=list)
    sessions: dict[str, Session] = attrs.field(factory=dict)

    async def come(self, *names: str) -> None:
        """Each is named by the room, and a number: ``blue1``."""
        for name in names:
            told = self.told[name] = []

            def post(event: MediaEvent, name: str = name, told: list[MediaEvent] = told) -> None:
                told.append(event)
                self.log.append(f"{name} {type(event).__name__}")

            context = self.bridge.attach(name.rstrip("0123456789"), name, 1, post)
            self.sessions[name] = await self.stack.enter_async_context(context)
        await settle()


@asynccontextmanager
async def people(bridge: Bridge, *names: str) -> AsyncGenerator[People, None]:
    async with AsyncExitStack() as stack:
        those = People(bridge, stack)
        await those.come(*names)
        yield those


def states(bridge: Bridge) -> list[str]:
    return [each.state for each in bridge.statistics().members]


def rooms(bridge: Bridge) -> list[int]:
    return [each.rooms for each in bridge.statistics().members]


def key(name: str) -> tuple[str, str, int]:
    return name.rstrip("0123456789"), name, 1
