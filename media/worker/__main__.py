"""The command line of a media worker; the server starts it, people need not."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path


def main() -> int:
    """Run a worker. Returns its exit code."""
    # Ctrl-C goes to the whole group of processes: the parent decides what it means. The imports below take half a
    # second, so this comes first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    arguments = _parser().parse_args()

    from media.worker import logs, process
    from media.worker.addresses import Announcement

    logs.configure(arguments.log_level)
    try:
        announce = tuple(map(Announcement.parse, arguments.announce))
        path = None if arguments.control is None else Path(arguments.control)
        control = process.inherit(arguments.control_fd) if path is None else process.listen(path)
    except (ValueError, OSError) as error:
        print(f"media.worker: {error}", file=sys.stderr)  # noqa: T201
        return 2
    try:
        with control:
            return asyncio.run(
                process.run(
                    process.Options(control, arguments.port, tuple(arguments.address), announce, arguments.loudest)
                )
            )
    finally:
        if path is not None:
            path.unlink(missing_ok=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m media.worker", description="Forward the media of rooms.")
    control = parser.add_mutually_exclusive_group(required=True)
    control.add_argument("--control", metavar="PATH", help="make the control socket here")
    control.add_argument("--control-fd", metavar="N", type=int, help="an inherited, listening Unix socket")
    parser.add_argument("--port", type=_port, default=10_000, help="UDP port, 0 for any (default: %(default)s)")
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


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 65_536:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return port


if __name__ == "__main__":
    sys.exit(main())
