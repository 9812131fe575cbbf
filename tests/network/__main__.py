"""Run the relay by hand, or for a test: it says its ports, then takes commands on its input until that ends."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import Any

from tests.network.commands import HELP, BadCommand, carry_out
from tests.network.conditions import PROFILES, Conditions, parse
from tests.network.relay import relaying

_EPILOG = f"""\
Each NAME gets a port, UDP and TCP, that leads to the server. The first line of output has them, as JSON. Let the server
announce one of them (chatroom serve --media-port 10000 --announce 127.0.0.1:PORT).

Commands on the standard input, each answered with a line of JSON:

{HELP}
Profiles: {", ".join(PROFILES)}.
"""


def _conditions(text: str) -> Conditions:
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.network",
        description="A network one can break, between browsers and a media worker.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", type=_address, metavar="HOST:PORT", help="the media worker")
    parser.add_argument("names", nargs="*", metavar="NAME", default=["all"], help="whom to have a line for  [all]")
    parser.add_argument("--host", default="127.0.0.1", help="listen here  [%(default)s]")
    parser.add_argument("--seed", type=int, default=0, help="of all accidents  [%(default)s]")
    parser.add_argument("--up", type=_conditions, help="what all lines are like, for what is sent to the server")
    parser.add_argument("--down", type=_conditions, help="and for what comes from it")
    return parser


async def _run(options: argparse.Namespace) -> None:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        async with relaying(options.names, options.target, options.seed, options.host) as lines:
            for line in lines.values():
                line.become(up=options.up, down=options.down)
            _say({name: line.port for name, line in lines.items()})
            while command := await reader.readline():
                try:
                    _say(carry_out(command.decode(), lines))
                except BadCommand as error:
                    _say({"error": str(error)})
    finally:
        transport.close()


def _say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    try:
        asyncio.run(_run(_parser().parse_args()))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
