"""The ``chatroom`` command."""

from __future__ import annotations

import gc
import os
import re
from pathlib import Path
from typing import Any

import click
import trio

from web import logs
from web.diagnosis.command import why_command
from web.lifespan import explain
from web.operator.commands import COMMANDS
from web.serve import CannotServe, serve
from web.settings import BadSettings, Settings, load
from web.simulate.command import simulate_group

_DEFAULTS = Settings()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="chatroom")
def main() -> None:
    """Group video chat that people join from a browser with a link."""


@main.command("serve")
@click.option("--host", metavar="ADDRESS", help=f"Address to serve pages on; 0.0.0.0 for all.  [{_DEFAULTS.host}]")
@click.option("--port", type=int, help=f"TCP port to serve pages on.  [{_DEFAULTS.port}]")
@click.option(
    "--certfile",
    type=click.Path(path_type=str),
    help="TLS certificate chain, PEM. Browsers give camera and microphone only to https and to localhost.",
)
@click.option("--keyfile", type=click.Path(path_type=str), help="TLS private key, PEM.")
@click.option(
    "--media-port",
    type=int,
    help="First port, UDP and TCP, for pictures and sound, of as many as there are workers and one for the spare; "
    f"browsers must reach them all.  [{_DEFAULTS.media_port}]",
)
@click.option(
    "--media-workers",
    type=int,
    help="How many processes forward pictures and sound, each on a port of its own.  [one per core]",
)
@click.option(
    "--media-spare/--no-media-spare",
    default=None,
    help="Keep one more process ready, which takes over at once when another is lost.  [yes]",
)
@click.option(
    "--media-remote",
    multiple=True,
    metavar="HOST:PORT",
    help="A worker on another machine, run there with `python -m media.worker --listen`; may be given more than once.",
)
@click.option(
    "--media-secret-file",
    type=click.Path(path_type=str),
    help="File with the secret that workers on other machines let us in for.",
)
@click.option(
    "--media-ca-file",
    type=click.Path(path_type=str),
    help="Certificates to trust for them, PEM: an authority's or their own.  [the system's authorities]",
)
@click.option(
    "--media-address",
    multiple=True,
    metavar="ADDRESS",
    help="Address of this machine for pictures and sound; may be given more than once.  [all of this machine]",
)
@click.option(
    "--announce",
    multiple=True,
    metavar="ADDRESS[:PORT]",
    help="What browsers are told to send to instead, where NAT or a relay stands before this machine: a port is that "
    "of the first worker, and the next one's the next. May be given more than once.",
)
@click.option(
    "--ice-servers",
    multiple=True,
    metavar="URL",
    help="STUN or TURN server that pages are told of, such as turn:turn.example.org:3478; may be given more than once.",
)
@click.option(
    "--turn-secret-file",
    type=click.Path(path_type=str),
    help="File with the secret that the TURN servers know (coturn: static-auth-secret).",
)
@click.option(
    "--turn-ttl",
    type=float,
    metavar="SECONDS",
    help=f"How long a page may open relays with what it was told.  [{_DEFAULTS.turn_ttl:g}]",
)
@click.option(
    "--loudest",
    type=int,
    metavar="NUMBER",
    help=f"How many microphones of a room are heard where more are on: the loudest; 0 for all.  [{_DEFAULTS.loudest}]",
)
@click.option(
    "--video-codecs",
    multiple=True,
    metavar="CODEC",
    help="A codec that pictures may be sent in; may be given more than once, and the first that everyone in a room can "
    f"decode is used.  [{', '.join(_DEFAULTS.video_codecs)}]",
)
@click.option(
    "--audio-red/--no-audio-red",
    default=None,
    help="Have pages send each packet of a voice twice, so that single losses are not heard.  [--audio-red]",
)
@click.option(
    "--allow-origin",
    multiple=True,
    metavar="ORIGIN",
    help="Another origin whose pages may connect, such as https://chat.example.org; may be given more than once.",
)
@click.option(
    "--drain-wait",
    type=float,
    metavar="SECONDS",
    help=f"How long people may stay after the server was asked to stop; a second signal sends them away.  "
    f"[{_DEFAULTS.drain_wait:g}]",
)
@click.option(
    "--back-in",
    type=float,
    metavar="SECONDS",
    help=f"How long after a stop pages are told to come back.  [{_DEFAULTS.back_in:g}]",
)
@click.option(
    "--trusted-proxy",
    multiple=True,
    metavar="ADDRESS[/BITS]",
    help="Proxy whose X-Forwarded-For is believed; may be given more than once.  "
    f"[{', '.join(_DEFAULTS.trusted_proxy)}]",
)
@click.option(
    "--operator-port",
    type=int,
    help="TCP port for the operator, who may look inside; 0 for any that is free.  [none: nobody may]",
)
@click.option("--operator-host", metavar="ADDRESS", help=f"Address to serve that on.  [{_DEFAULTS.operator_host}]")
@click.option(
    "--operator-token-file",
    type=click.Path(path_type=str),
    help="File with the token that the operator is let in for.  [a new one, in --runtime-dir]",
)
@click.option(
    "--console/--no-console",
    default=None,
    help="Let whoever may run code as this user do so inside the server: `chatroom console`.  [no]",
)
@click.option(
    "--runtime-dir",
    type=click.Path(path_type=str),
    help="Directory, only ours, for what the operator's tools find a running server by.  [$XDG_RUNTIME_DIR/chatroom]",
)
@click.option(
    "--slow-step",
    type=float,
    metavar="SECONDS",
    help="How long one task may hold all others up until the log names it and the line it is at.  "
    f"[{_DEFAULTS.slow_step:g}]",
)
@click.option(
    "--webhook-url",
    multiple=True,
    metavar="URL",
    help="Where to tell, by HTTP POST, who comes and goes and what is wrong; may be given more than once.",
)
@click.option(
    "--webhook-secret-file",
    type=click.Path(path_type=str),
    help="File with the secret that this is signed with: whsec_ and base64.",
)
@click.option(
    "--webhook-events", multiple=True, metavar="TYPE", help="Tell only this; may be given more than once.  [all]"
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=str),
    help="Directory for what is still to be told.  [$XDG_STATE_HOME/chatroom, or ~/.local/state/chatroom]",
)
@click.option(
    "--otlp-endpoint",
    metavar="URL",
    help="OpenTelemetry collector to send traces to, by OTLP over HTTP, such as http://127.0.0.1:4318.  [none]",
)
@click.option(
    "--allow-simulate",
    is_flag=True,
    default=None,
    help="Let `chatroom simulate` break things on purpose. Not where people rely on it.  [no]",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help=f"How much is logged.  [{_DEFAULTS.log_level}]",
)
@click.option(
    "--log-format", type=click.Choice(["auto", "text", "json"]), help=f"How it is logged.  [{_DEFAULTS.log_format}]"
)
@click.option("--config", "file", type=click.Path(path_type=Path), metavar="FILE", help="Settings in TOML.")
def serve_command(file: Path | None, **options: Any) -> None:
    """Serve the chat at http://localhost:8000, pictures and sound included.

    Each option is also a setting in the --config FILE (--media-port is media_port there) and a variable in the
    environment (CHATROOM_MEDIA_PORT, lists by commas). The command line goes before the environment, the environment
    before the file. The file's table [limits] bounds rooms, people, rates and sizes.

    SIGTERM or Ctrl-C says goodbye to everyone and ends the server within 5 seconds, after --drain-wait. Pages come back
    by themselves, to whoever serves at the same address then.
    """
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in options.items() if value}
    given |= {name: value for name, value in options.items() if value == 0 and value is not None}
    try:
        settings = load(file, os.environ, given)
    except BadSettings as error:
        raise click.ClickException(str(error)) from None
    logs.configure(settings.log_level, settings.log_format)
    gc.freeze()  # what is there now stays: left out of every collection, it makes them short
    failed: BaseExceptionGroup[CannotServe] | None = None
    try:
        trio.run(serve, settings, _show)
    except* CannotServe as group:
        failed = group
    if failed is not None:
        raise click.ClickException(explain(failed))


main.add_command(why_command)
main.add_command(simulate_group)


for _command in COMMANDS:
    main.add_command(_command)


def _show(addresses: list[str]) -> None:
    for address in addresses:
        # What is bound to every address is shown as one that can be clicked on.
        shown = re.sub(r"//(127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?=:\d+$)", "//localhost", address)
        click.echo(f"Chatroom: {shown}  (Ctrl-C to stop)", err=True)
