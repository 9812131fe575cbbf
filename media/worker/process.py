"""The worker as a process: its sockets, its tasks, its beginning and its end.

It belongs to the process that started it, and lives as long as the connection to that (`run`); or it listens for
bridges of other machines, one after the other, until it is told to stop (`run_listening`).
"""

from __future__ import annotations

import asyncio
import logging
import mmap
import os
import signal
import socket
from array import array
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Protocol

import attrs
from websockets.asyncio.server import ServerConnection, unix_serve

from media.messages import MAX_FRAME, Event, Ready, StartFailed
from media.serving import SIZE, Cell
from media.worker.addresses import Announcement, candidates, local_addresses
from media.worker.aiortc_hooks import Certificate
from media.worker.control import Control
from media.worker.counters import Counters
from media.worker.ice import IceAgent
from media.worker.inlet import InletSelector
from media.worker.kernel.choice import choose
from media.worker.memory import Memory
from media.worker.port import open_port
from media.worker.simulations import Simulations
from media.worker.speakers import LOUDEST
from media.worker.tcp import TcpListener
from media.worker.transport import TransportFactory
from media.worker.udp import PortInUseError, UdpEndpoint
from media.worker.watchdog import LIMIT, Watchdog, watching
from media.worker.worker import HURRIED, TICK, Worker

logger = logging.getLogger(__name__)

#: Seconds within which the bridge must connect.
CONTROL_TIMEOUT = 10.0
#: Seconds that open connections have for their goodbyes at the end.
CLOSE_TIMEOUT = 2.0


@attrs.frozen
class Options:
    """What the command line says."""

    control: socket.socket
    port: int
    addresses: tuple[str, ...]
    announce: tuple[Announcement, ...]
    #: Forward with the compiled kernel, if there is one.
    kernel: bool = True
    #: How many microphones of a room are forwarded; 0 for all.
    loudest: int = LOUDEST
    #: Let links be made worse on purpose.
    allow_simulate: bool = False
    #: Where to say whose room is served, if anybody wants to know.
    serving: Cell | None = None
    #: Seconds for which the loop may be held before that is told.
    slow_step: float = LIMIT
    #: What the loop waits with, if it may wait with the kernel.
    selector: InletSelector | None = None


class Channel(Protocol):
    """Where requests come from and events go to."""

    def emit(self, event: Event) -> None:
        """Say something; it is written soon."""
        ...

    async def serve(self, worker: Worker) -> None:
        """Have the worker carry out requests until there will be no more."""
        ...

    async def close(self) -> None:
        """Write what was said, and close."""
        ...


class Parent:
    """The channel to the process that has started this one."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._control = Control(connection)
        self.emit = self._control.emit

    async def serve(self, worker: Worker) -> None:
        await self._control.serve(worker.handle)

    async def close(self) -> None:
        await self._control.flush()
        await self._connection.close()


async def run_listening(options: Options, channel: Channel) -> int:
    """Serve ``channel`` until SIGTERM or SIGINT. Returns the exit code of the process."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopping = asyncio.create_task(stop.wait(), name="signals")
    try:
        return await _serve(options, channel, stopping)
    finally:
        stopping.cancel()


async def run(options: Options) -> int:
    """Serve one control connection, from its opening to its close. Returns the exit code of the process."""
    loop = asyncio.get_running_loop()
    connected: asyncio.Future[ServerConnection] = loop.create_future()
    finished = asyncio.Event()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)

    async def on_connection(connection: ServerConnection) -> None:
        if connected.done():
            await connection.close(1008, "this worker has its control connection")
            return
        connected.set_result(connection)
        await finished.wait()

    server = unix_serve(
        on_connection,
        sock=options.control,
        compression=None,
        max_size=MAX_FRAME,
        # a Unix socket says by itself when the other side is gone
        ping_interval=None,
        close_timeout=1.0,
    )
    async with server:
        stopping = asyncio.create_task(stop.wait(), name="SIGTERM")
        try:
            await _first(connected, stopping, timeout=CONTROL_TIMEOUT)
            if not connected.done():
                if not stop.is_set():
                    logger.error("no control connection came within %d seconds", CONTROL_TIMEOUT)
                return 0 if stop.is_set() else 1
            return await _serve(options, Parent(connected.result()), stopping)
        finally:
            finished.set()
            stopping.cancel()


async def _serve(options: Options, control: Channel, stopping: asyncio.Task[Any]) -> int:
    loop = asyncio.get_running_loop()
    addresses = options.addresses or tuple(local_addresses())
    try:
        port = open_port(addresses, options.port, all_needed=bool(options.addresses))
    except (PortInUseError, OSError) as error:
        message = _sentence(error, options)
        logger.error("start failed reason=%r", message)  # an operator's mistake needs no traceback
        control.emit(StartFailed(message))
        await control.close()
        return 1

    counters = Counters()
    agent = IceAgent(counters)
    endpoints = [UdpEndpoint(sock, agent.receive, counters) for sock in port.udp]
    listener = TcpListener(port.tcp, agent, counters)
    serving = options.serving or array("Q", [0])
    fanout, inlet, reason = choose(counters, kernel=options.kernel, serving=serving, selector=options.selector)
    told = [(a.address, a.port or port.number) for a in options.announce]
    told = told or [(address, port.number) for address in port.addresses]
    try:
        async with asyncio.TaskGroup() as group:

            def spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
                task = group.create_task(_owned(work, name), name=name)
                # Cancelled before its first step, the task has never begun the work it owns.
                task.add_done_callback(lambda _: work.close())
                return task

            factory = TransportFactory(agent, Certificate(), counters, candidates(told), spawn, fanout, inlet)
            factory.serving = serving
            simulations = Simulations() if options.allow_simulate else None
            watchdog = Watchdog(TICK, options.slow_step)
            worker = Worker(
                *(factory, control.emit, listener.statistics, options.loudest, simulations), stalls=watchdog.statistics
            )
            for endpoint in endpoints:
                if not inlet.watch(endpoint):
                    endpoint.start(loop)
            listener.start(loop)
            control.emit(Ready(port.number, [address for address, _ in told]))
            logger.info(
                "ready port=%d addresses=%s kernel=%s",
                port.number,
                ",".join(address for address, _ in told),
                "yes" if fanout.compiled else f"no reason={reason!r}",
            )
            ticker = group.create_task(_tick(worker, factory, listener, watchdog), name="ticker")
            served = group.create_task(control.serve(worker), name="control")
            await _first(served, stopping)
            logger.info("stopping reason=%s", "control_closed" if served.done() else "sigterm")
            ticker.cancel()
            served.cancel()
            worker.close()
            # the group now waits for the goodbyes
    finally:
        if options.selector is not None:
            options.selector.inlet = None
        inlet.close()
        for endpoint in endpoints:
            endpoint.close(loop)
        listener.close()
    return 0


async def _first(*futures: asyncio.Future[Any], timeout: float | None = None) -> None:
    await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)


async def _tick(worker: Worker, factory: TransportFactory, listener: TcpListener, watchdog: Watchdog) -> None:
    memory = Memory()
    with watching(watchdog):
        while True:
            await asyncio.sleep(HURRIED if worker.hurries else TICK)
            watchdog.beat()
            worker.tick()
            listener.tick(listener.clock())
            memory.tick(factory.open, factory.clock())


async def _owned(work: Coroutine[Any, Any, None], name: str) -> None:
    """Keep a bug in one transport's task from ending everybody's; the transport times out by itself."""
    try:
        await work
    except Exception:
        logger.exception("task failed %s", name)


def _sentence(error: Exception, options: Options) -> str:
    if isinstance(error, PortInUseError):
        return f"{error}; choose another with --media-port"
    where = f" on {', '.join(options.addresses)}" if options.addresses else ""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"Port {options.port} could not be opened{where}: {reason}"


def listen(path: Path) -> socket.socket:
    """Bind the control socket, for this user only. Raises OSError."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        sock.bind(str(path))
    except BaseException:
        sock.close()
        raise
    finally:
        os.umask(mask)
    return sock


def inherit(descriptor: int) -> socket.socket:
    """Take the control socket that the parent has opened. Raises OSError if it is no Unix socket."""
    sock = socket.socket(fileno=descriptor)
    if sock.family != socket.AF_UNIX:
        raise OSError(f"file descriptor {descriptor} is not a Unix socket")
    return sock


def share(descriptor: int) -> Cell:
    """Take the memory that the parent has made for `media.serving`. Raises OSError or ValueError if it is none."""
    try:
        cell = memoryview(mmap.mmap(descriptor, SIZE)).cast("Q")
    finally:
        os.close(descriptor)
    cell[0] = 0
    return cell
