"""``chatroom tree``, ``top``, ``trace`` and ``console``: what an operator types to look at a server that runs."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from web.operator import terminal
from web.operator.client import PATIENCE, Client, Unreachable
from web.operator.console_client import console_command
from web.operator.look import ORDERS

Command = TypeVar("Command", bound=Callable[..., Any])

#: Clears the screen and goes to its corner; ends what a line has left of the last screen; hides and shows the cursor.
_HOME, _REST_OF_LINE, _REST, _HIDE, _SHOW = "\x1b[H", "\x1b[K", "\x1b[J", "\x1b[?25l", "\x1b[?25h"
#: Seconds for which `top` has the meter on at a time.
_METER = 15


def reaching(command: Command) -> Command:
    """Give a command the options that say which server it is for, and the client as its first argument."""

    @click.option("--url", help="The operator's listener, such as http://127.0.0.1:9090.  [the one on this machine]")
    @click.option("--token-file", type=click.Path(path_type=Path), help="File with the operator's token.")
    @click.option(
        "--runtime-dir",
        type=click.Path(path_type=Path),
        envvar="CHATROOM_RUNTIME_DIR",
        help="Where the server left word, if it was told another directory.",
    )
    @wraps(command)
    def reached(url: str | None, token_file: Path | None, runtime_dir: Path | None, **options: Any) -> None:
        try:
            command(Client.find(url, token_file, runtime_dir), **options)
        except Unreachable as error:
            raise click.ClickException(str(error)) from None
        except KeyboardInterrupt:
            click.echo(err=True)

    return reached  # type: ignore[return-value]


@click.command("tree")
@click.argument("search", default="")
@click.option("--under", default="", help="Only this task and what is below it: its name, a part of it, or an id.")
@click.option("--stacks", is_flag=True, help="Say each task's stack, outermost first.")
@click.option("--media", is_flag=True, help="Show the rooms of media workers instead, or the one named SEARCH.")
@click.option("--limit", type=int, default=500, show_default=True, help="Rows at most.")
@reaching
def tree_command(client: Client, search: str, under: str, stacks: bool, media: bool, limit: int) -> None:
    """Show the tasks of a running server as a tree: whose they are, since when, and the line each waits at.

    With SEARCH only those that have it in their name or in what is known of them, such as a person's name, and those
    above them. Else tasks with many children are folded, unless --under names them. With --media it goes on where
    tasks end: the rooms of each worker, or of the one that --under names, and everybody's connections and tracks there.
    """
    if media:
        if stacks:
            raise click.UsageError("Rooms have no stacks: --media and --stacks do not go together.")
        for line in terminal.media_lines(client.get("/api/media", worker=under, room=search), width=_width()):
            click.echo(line)
        return
    asked = {"search": search, "under": under, "stacks": "1" if stacks else "", "limit": limit}
    if under:
        asked["open"] = ",".join(str(task["id"]) for task in client.get("/api/tree", under=under, limit=1)["tasks"])
    answer = client.get("/api/tree", **asked)
    if not answer["tasks"]:
        raise click.ClickException("there is no such task.")
    for line in terminal.tree_lines(answer, stacks=stacks, width=_width()):
        click.echo(line)


@click.command("top")
@click.option("--by", type=click.Choice(list(ORDERS)), default="cpu", show_default=True, help="What leads.")
@click.option("-n", "number", type=int, default=15, show_default=True, help="Tasks to show.")
@click.option("--every", type=click.FloatRange(0.2), default=2.0, show_default=True, help="Seconds between two looks.")
@click.option("--once", is_flag=True, help="Look for that long, say it once, and end.")
@reaching
def top_command(client: Client, by: str, number: int, every: float, once: bool) -> None:
    """Show who leads in a running server, again and again: in CPU, in what waits, in messages.

    By CPU and steps each task is metered meanwhile, which costs one or two microseconds a step and ends by itself.
    """
    metered = by in {"cpu", "steps"}

    def look() -> Any:
        if metered:
            client.post("/api/meter", seconds=_METER + every)
        return client.get("/api/look", by=by, n=number, limit=1)

    before = look()
    shown = sys.stdout.isatty() and not once
    if shown:
        click.echo(_HIDE + _HOME + _REST, nl=False)
    try:
        while True:
            time.sleep(every)
            now = look()
            lines = terminal.top_lines(now, before, width=_width())
            if shown:
                lines = lines[: shutil.get_terminal_size().lines - 1]
                click.echo(_HOME + "".join(f"{line}{_REST_OF_LINE}\n" for line in lines) + _REST, nl=False)
            else:
                click.echo("\n".join(lines))
            if once:
                return
            before = now
    finally:
        if shown:
            click.echo(_SHOW, nl=False)


@click.command("trace")
@click.argument("who", default="")
@click.option("--room", default="", help="Only in this room; without WHO, everyone in it.")
@click.option("--count", type=int, default=1_000, show_default=True, help="End after so many entries.")
@click.option("--seconds", type=float, default=60.0, show_default=True, help="End after so long.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@reaching
def trace_command(client: Client, who: str, room: str, count: int, seconds: float, as_json: bool) -> None:
    """Follow WHO, a participant's id or name, or a whole --room, as it happens.

    Each command of a page, each event to it, each request to the media plane with how long it took, and what that says
    by itself, with their times. What people write is shown by its length. It ends by itself, or with Ctrl-C.
    """
    if not who and not room:
        raise click.UsageError("say WHO, or --room.")
    asked = {"who": who, "room": room, "count": count, "seconds": seconds}
    with client.open("GET", "/api/trace", asked, patience=seconds + PATIENCE) as answer:
        for line in answer:
            text = line.decode().rstrip("\n")
            click.echo(text if as_json else terminal.cut(terminal.entry(json.loads(text)), _width()))


def _width() -> int:
    """The columns of the terminal; what is not one takes lines of any length."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 100_000


COMMANDS = (tree_command, top_command, trace_command, console_command)
