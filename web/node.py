"""The live tree of a server: the media plane, the rooms, and the sockets that are open.

Whatever crashes above the supervisors ends the node with the error, and with it the process: there is never a server
that answers 200 with nothing behind it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal, cast

import attrs
import structlog
import trio

from chatroom import close_codes
from chatroom.directory import Directory, DirectoryStatistics
from chatroom.events import ServerStopping
from chatroom.media import Media
from chatroom.quality.pipeline import Pipeline
from chatroom.session import Session
from chatroom.spans import span
from chatroom.wire import encode
from media.bridge import Bridge, MediaSettings, MemberStatistics, Suspect
from media.terms import VideoCodec
from nurseries import provide_facts
from nurseries.stages import Sink
from web.addresses import Addresses
from web.diagnosis.gather import Figures
from web.observer import Observer
from web.problems import Problems
from web.settings import Settings, ice_servers, webhooks
from web.simulate.faults import Faults
from web.traffic import Traffic, TrafficStatistics
from web.webhooks import Webhooks, WebhookStatistics

Run = Callable[..., Awaitable[object]]
State = Literal["starting", "running", "draining", "stopped"]
#: Seconds that people have to be told that the server stops, and their sockets to be closed.
DRAIN_TIMEOUT = 2.0
STOPPING = "The server is stopping. Please come back in a moment."
STOPPING_LATER = "The server will stop soon."

_log = structlog.stdlib.get_logger("web.node")


@attrs.frozen
class NodeStatistics:
    """What lives in a node now."""

    state: State
    rooms: DirectoryStatistics
    sockets: int
    #: whether there is a media worker that takes requests, and what is known of each
    media: bool
    workers: tuple[MemberStatistics, ...] = ()
    #: rooms that are kept apart or refused media, as workers died with them
    suspects: tuple[Suspect, ...] = ()
    webhooks: WebhookStatistics | None = None


class Node:
    """One server process: its rooms, its worker, its sockets. Making it raises BadSettings."""

    def __init__(self, settings: Settings, media: Media | None = None) -> None:
        self.settings = settings
        self.state: State = "starting"
        self.bridge = None if media is not None else Bridge(media_settings(settings))
        self.media: Media = media or self.bridge  # type: ignore[assignment]
        #: Asks a room's worker what flows to and from a participant: see `Bridge.media_statistics`. Tests set it.
        self.figures: Figures | None = None if self.bridge is None else self.bridge.media_statistics
        self.quality = Pipeline()
        self.directory = Directory(
            media=self.media, limits=settings.limits, ice_servers=ice_servers(settings), quality=self.quality
        )
        chosen = webhooks(settings)
        self.webhooks = None if chosen is None else Webhooks(chosen)
        self.addresses = Addresses(settings.limits.connections_per_address)
        self.observer = Observer(settings.slow_step)
        self.problems = Problems()
        #: What breaks things on purpose; None where that is not allowed.
        self.faults = Faults(self.directory, self.bridge) if settings.allow_simulate else None
        self._sessions: set[Session] = set()
        self._traffic = Traffic()
        self._no_sessions = trio.Event()
        #: When those who are still here will be sent away, while they have time to leave by themselves.
        self._stops_at: float | None = None
        self._hurried = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[Node] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until cancelled. Raises what no supervisor could mend."""
        try:
            async with self._traced(), self._telling(), trio.open_nursery() as nursery:
                provide_facts("sockets", self._socket_facts)
                if self.bridge is not None:
                    await nursery.start(self._vital, self.bridge.run, name="serve/media")
                await nursery.start(self._vital, self.quality.run, name="serve/quality")
                await self.quality.add(Sink("problems", self.problems.take))
                if self.webhooks is not None:
                    await self.quality.add(Sink("webhooks", self.webhooks.judged))
                await nursery.start(self._vital, self.directory.run, name="serve/rooms")
                if self.faults is not None:
                    await nursery.start(self.faults.run, name="serve/simulate")
                self.state = "running"
                _log.info("running")
                task_status.started(self)
                await trio.sleep_forever()
        finally:
            self.state = "stopped"

    @asynccontextmanager
    async def _traced(self) -> AsyncGenerator[None]:
        """Send traces of what happens inside this block, if that is wanted."""
        if self.settings.otlp_endpoint is None:
            yield
            return
        from web.otel import traces  # with what it needs, which not everybody has

        async with traces(self.settings.otlp_endpoint):
            yield

    @asynccontextmanager
    async def _telling(self) -> AsyncGenerator[None]:
        """Tell endpoints of all that happens inside this block, to the last leave."""
        if self.webhooks is None:
            yield
            return
        async with trio.open_nursery() as nursery:
            await nursery.start(self.webhooks.run, name="serve/webhooks")
            try:
                with self.directory.watch(self.webhooks.happened):
                    yield
            finally:
                self.webhooks.stop()

    async def _vital(  # noqa: ASYNC128 - the part says started
        self, run: Run, *, task_status: trio.TaskStatus[object]
    ) -> None:
        """Run a part without which nothing goes on: if it fails, everyone is told before all else is cancelled."""
        try:
            await run(task_status=task_status)
        except Exception:
            self.dismiss()
            raise

    def add(self, session: Session) -> None:
        """Remember an open socket."""
        self._sessions.add(session)
        if self._stops_at is not None:
            self._warn(session)
        elif self.state != "running":
            self._dismiss(session)

    def remove(self, session: Session) -> None:
        """Forget a socket that is closed."""
        if session in self._sessions:
            self._traffic.ended(session)
        self._sessions.discard(session)
        if not self._sessions:
            self._no_sessions.set()

    async def drain(self) -> None:
        """Tell everyone that the server stops, and wait until they have been told. Doing it twice is doing it once.

        With ``drain_wait`` in the settings people have so many seconds to leave by themselves, or until `hurry`.
        """
        if self.state != "running":
            return
        self.state = "draining"
        wait = self.settings.drain_wait
        _log.info("draining", sockets=len(self._sessions), wait=wait)
        with span("drain", sockets=len(self._sessions), wait=wait):
            await self._drain(wait)

    async def _drain(self, wait: float) -> None:
        if wait > 0:
            self._stops_at = trio.current_time() + wait
            for session in tuple(self._sessions):
                self._warn(session)
            await self.directory.emptied(STOPPING, within=wait, unless=self._hurried)
            self._stops_at = None
        with trio.move_on_after(DRAIN_TIMEOUT) as patience:
            self.dismiss()
            await self.directory.drain(STOPPING)
            await self.abandoned()
        if patience.cancelled_caught:
            _log.warning("not everyone could be told", sockets=len(self._sessions))

    def dismiss(self) -> None:
        """Tell everyone, in a room or not, that the server stops, and have their sockets closed."""
        for session in tuple(self._sessions):
            self._dismiss(session)

    async def abandoned(self) -> None:
        """Wait until no socket is open."""
        while self._sessions:
            self._no_sessions = trio.Event()
            await self._no_sessions.wait()

    def statistics(self) -> NodeStatistics:
        bridge = None if self.bridge is None else self.bridge.statistics()
        return NodeStatistics(
            self.state,
            self.directory.statistics(),
            len(self._sessions),
            self.media.available,
            () if bridge is None else bridge.members,
            () if bridge is None else bridge.suspects,
            None if self.webhooks is None else self.webhooks.statistics(),
        )

    def _socket_facts(self) -> dict[str, object]:
        return {"open": len(self._sessions), "addresses": self.addresses.statistics()}

    def traffic_statistics(self) -> TrafficStatistics:
        """What has passed through sockets."""
        return self._traffic.statistics(self._sessions)

    def hurry(self) -> bool:
        """Do not wait any longer for people to leave by themselves; False if nobody waits for that."""
        self._hurried.set()
        return self._stops_at is not None

    def _warn(self, session: Session) -> None:
        assert self._stops_at is not None
        left = max(0.0, self._stops_at - trio.current_time())
        session.post(encode(ServerStopping(STOPPING_LATER, round(left, 1), self.settings.back_in)))

    def _dismiss(self, session: Session) -> None:
        session.post(encode(ServerStopping(STOPPING, 0.0, self.settings.back_in)))
        session.close(close_codes.GOING_AWAY, STOPPING, reason="server_stopping")


def media_settings(settings: Settings) -> MediaSettings:
    """Give the bridge its part of the settings."""
    return MediaSettings(
        port=settings.media_port,
        addresses=settings.media_address,
        announce=settings.announce,
        workers=settings.media_workers,
        spare=settings.media_spare,
        remotes=settings.media_remote,
        secret_file=settings.media_secret_file,
        ca_file=settings.media_ca_file,
        loudest=settings.loudest,
        video_codecs=cast("tuple[VideoCodec, ...]", settings.video_codecs),  # its validator has seen to that
        audio_red=settings.audio_red,
        allow_simulate=settings.allow_simulate,
        slow_step=settings.slow_step,
    )
