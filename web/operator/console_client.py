"""``chatroom console``: the near end of the server's console."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import click

from web.operator.client import Unreachable
from web.operator.console import MARK
from web.operator.runtime import runtime_dir


@click.command("console")
@click.option(
    "--runtime-dir",
    type=click.Path(path_type=Path),
    envvar="CHATROOM_RUNTIME_DIR",
    help="Where the server's socket is, if it was told another directory.",
)
def console_command(runtime_dir: Path | None) -> None:
    """Type Python inside of a running server, which was started with --console.

    `node`, `rooms()`, `room(name)`, `participant(id)` and `tree()` are at hand; `await` works. Lines may be piped in.
    """
    try:
        with _connect(runtime_dir) as sock:
            _talk(sock)
    except Unreachable as error:
        raise click.ClickException(str(error)) from None
    except (EOFError, KeyboardInterrupt):
        click.echo()


def _connect(directory: Path | None) -> socket.socket:
    place = runtime_dir(directory, os.environ)
    for path in sorted(place.glob("console-*.sock")):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(str(path))
        except OSError:
            sock.close()  # its server is gone
        else:
            return sock
    raise Unreachable(f"No server has a console in {place}. Is one running, as the same user, with --console?")


def _talk(sock: socket.socket) -> None:
    typed = sys.stdin.isatty()
    if typed:
        import readline  # noqa: F401 - gives `input` its history
    prompt = _listen(sock, shown=typed)
    while True:
        try:
            line = input(prompt if typed else "")
        except EOFError:
            if typed:
                click.echo()
            return
        sock.sendall(f"{line}\n".encode())
        prompt = _listen(sock, shown=True)


def _listen(sock: socket.socket, *, shown: bool) -> str:
    """Show what the server says, up to its prompt, and return that. Raises Unreachable."""
    said = b""
    while not said.endswith((f"{MARK}>>> ".encode(), f"{MARK}... ".encode())):
        piece = sock.recv(65_536)
        if not piece:
            raise Unreachable("the server ended the console.")
        said += piece
    words, _, prompt = said.decode(errors="replace").rpartition(MARK)
    if shown:
        click.echo(words, nl=False)
    return prompt
