"""``chatroom why``: the diagnosis of a running server, for people and for scripts."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import click

#: Seconds for which the server is waited; it promises three.
PATIENCE = 10.0
_MARKS = {"ok": "✓", "poor": "!", "broken": "✗", "follows": "↳", "unknown": "?"}
FINE, WRONG, USAGE = 0, 1, 2


@click.command("why")
@click.argument("room")
@click.argument("sender", metavar="FROM")
@click.argument("receiver", metavar="TO")
@click.option(
    "--kind",
    type=click.Choice(["audio", "video", "screen"]),
    default="audio",
    show_default=True,
    help="What of FROM does not reach TO.",
)
@click.option(
    "--url",
    default="http://localhost:8000",
    show_default=True,
    envvar="CHATROOM_URL",
    help="Where the server's pages are.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what the server answers, for scripts.")
def why_command(room: str, sender: str, receiver: str, kind: str, url: str, as_json: bool) -> None:
    """Say why TO does not hear (or see) FROM in ROOM.

    FROM and TO are names or participant ids. It looks at every hop between them, which takes a second or two, and says
    what is wrong, whose it is and what can be done. ✓ works, ✗ does not, ↳ follows from that, ! works badly, ? is not
    known.

    Exits with 0 if nothing is wrong, with 1 if something is, with 2 if it could not be asked.
    """
    query = urllib.parse.urlencode({"from": sender, "to": receiver, "kind": kind})
    address = f"{url.rstrip('/')}/api/rooms/{urllib.parse.quote(room, safe='')}/diagnose?{query}"
    if not address.startswith(("http://", "https://")):
        raise click.UsageError(f"{url!r} is no address such as http://localhost:8000.")
    answer = _ask(address)
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2) if as_json else "\n".join(lines(answer)))
    sys.exit(FINE if answer["verdict"]["code"] == "fine" else WRONG)


def lines(answer: dict[str, Any]) -> list[str]:
    """What is printed for people."""
    verdict = answer["verdict"]
    doubt = "" if verdict["certain"] or verdict["code"] == "fine" else "It may be this: "
    shown = [f"{doubt}{verdict['says']}", f"  → {verdict['fix']}", ""]
    width = max(len(hop["title"]) for hop in answer["hops"])
    shown += [f"  {_MARKS[hop['state']]} {hop['title']:<{width}}  {hop['figures']}" for hop in answer["hops"]]
    return shown


def _ask(address: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as response:  # noqa: S310 - http or https, see above
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        raise click.UsageError(_message(error)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise click.UsageError(f"The server could not be asked at {address.partition('/api/')[0]}: {reason}") from None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered {error.code} {error.reason}."
