"""The command line of a media worker. The server starts its own; on other machines people do, with ``--listen``."""

from __future__ import annotations

import argparse
import asyncio
import gc
import math
import signal
import socket
import sys
from pathlib import Path


def main() -> int:
    """Run a worker. Returns its exit code."""
    # Ctrl-C goes to the whole group of processes: the parent decides what it means. The imports below take half a
    # second, so this comes first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parser = _parser()
    arguments = parser.parse_args()
    files = (arguments.certfile, arguments.keyfile, arguments.secret_file)
    if arguments.listen is not None and None in files:
        parser.error("--listen needs --certfile, --keyfile and --secret-file")

    from media.secret import read_secret
    from media.worker import listening, logs, process
    from media.worker.addresses import Announcement
    from media.worker.inlet import InletSelector, make_loop

    logs.configure(arguments.log_level)
    # What is there now stays: left out of every collection, it makes them short.
    gc.freeze()
    path = None if arguments.control is None else Path(arguments.control)
    listener: listening.Listener | None = None
    control: socket.socket
    try:
        serving = None if arguments.serving_fd is None else process.share(arguments.serving_fd)
        announce = tuple(map(Announcement.parse, arguments.announce))
        if arguments.listen is not None:
            context, secret = listening.server_context(*files[:2]), read_secret(arguments.secret_file)
            door = listening.bind(arguments.listen)
            control, listener = door, listening.Listener(door, context, secret)
        else:
            control = process.inherit(arguments.control_fd) if path is None else process.listen(path)
    except (ValueError, OSError) as error:
        print(f"media.worker: {error}", file=sys.stderr)  # noqa: T201
        return 2
    selector = InletSelector()
    options = process.Options(
        control,
        arguments.port,
        tuple(arguments.address),
        announce,
        kernel=not arguments.no_kernel,
        loudest=arguments.loudest,
        allow_simulate=arguments.allow_simulate,
        serving=serving,
        slow_step=arguments.slow_step,
        selector=selector,
    )
    try:
        with control, asyncio.Runner(loop_factory=lambda: make_loop(selector)) as runner:
            return runner.run(process.run(options) if listener is None else process.run_listening(options, listener))
    finally:
        if path is not None:
            path.unlink(missing_ok=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m media.worker", description="Forward the media of rooms.")
    control = parser.add_mutually_exclusive_group(required=True)
    control.add_argument("--control", metavar="PATH", help="make the control socket here")
    control.add_argument("--control-fd", metavar="N", type=int, help="an inherited, listening Unix socket")
    control.add_argument(
        "--listen", metavar="HOST:PORT", type=_address, help="listen here for the server, on another machine (TLS)"
    )
    parser.add_argument(
        "--serving-fd", metavar="N", type=int, help="inherited memory in which to say whose room is served"
    )
    parser.add_argument("--certfile", type=Path, help="with --listen: TLS certificate chain, PEM")
    parser.add_argument("--keyfile", type=Path, help="with --listen: its private key, PEM")
    parser.add_argument("--secret-file", type=Path, help="with --listen: the secret that servers must know")
    parser.add_argument("--port", type=_port, default=10_000, help="UDP and TCP port, 0 for any (default: %(default)s)")
    parser.add_argument(
        "--address", action="append", default=[], help="listen on this address only (may be given several times)"
    )
    parser.add_argument(
        "--announce",
        action="append",
        default=[],
        metavar="ADDRESS[:PORT]",
        help="tell browsers this address instead of those listened on (may be given several times)",
    )
    parser.add_argument("--allow-simulate", action="store_true", help="let links be made worse on purpose")
    parser.add_argument(
        "--slow-step",
        type=_seconds,
        default=0.1,
        metavar="SECONDS",
        help="tell of what holds everything up for longer (default: %(default)s)",
    )
    parser.add_argument("--no-kernel", action="store_true", help="forward in Python, though there is a compiled kernel")
    parser.add_argument(
        "--loudest",
        type=_count,
        default=6,
        metavar="N",
        help="forward the N loudest microphones of a room, 0 for all (default: %(default)s)",
    )
    parser.add_argument(
        "--log-level", default="info", choices=["debug", "info", "warning", "error"], help="(default: %(default)s)"
    )
    return parser


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than none")
    return count


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no time")
    return seconds


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 65_536:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return port


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host or not host:
        raise argparse.ArgumentTypeError(f"{text} is not HOST:PORT")
    return host, _port(port)


if __name__ == "__main__":
    sys.exit(main())
