"""``chatroom simulate``: what an operator types to break something on purpose."""

from __future__ import annotations

import click

from media.simulation import LONGEST
from web.operator.client import Client
from web.operator.commands import reaching
from web.simulate.faults import LONGEST_FREEZE, LONGEST_STALL

_seconds = click.option(
    "--seconds",
    type=click.FloatRange(0, LONGEST),
    default=30.0,
    show_default=True,
    help="How long; 0 ends it now.",
)
_loss = click.FloatRange(0, 1)


@click.group("simulate")
def simulate_group() -> None:
    """Break something on purpose in a running server that was started with --allow-simulate.

    PARTICIPANT is an id, or a name that one person in ROOM has. Everything ends by itself.
    """


@simulate_group.command("drop-socket")
@click.argument("room")
@click.argument("participant")
@reaching
def drop_socket(client: Client, room: str, participant: str) -> None:
    """Break off somebody's websocket, as a network does."""
    _do(client, "drop-socket", room=room, participant=participant)


@simulate_group.command("stall")
@click.argument("room")
@click.argument("participant")
@click.option("--milliseconds", type=click.FloatRange(1, LONGEST_STALL * 1_000), default=500.0, show_default=True)
@reaching
def stall(client: Client, room: str, participant: str, milliseconds: float) -> None:
    """Have somebody's task hold up the whole server for so long."""
    _do(client, "stall", room=room, participant=participant, seconds=milliseconds / 1_000)


@simulate_group.command("freeze-worker")
@click.argument("worker")
@click.option("--seconds", type=click.FloatRange(0.01, LONGEST_FREEZE), default=5.0, show_default=True)
@reaching
def freeze_worker(client: Client, worker: str, seconds: float) -> None:
    """Stop WORKER (worker:0 …) for so long; after one second it is taken for lost."""
    _do(client, "freeze-worker", worker=worker, seconds=seconds)


@simulate_group.command("kill-worker")
@click.argument("worker")
@reaching
def kill_worker(client: Client, worker: str) -> None:
    """Kill WORKER (worker:0 …)."""
    _do(client, "kill-worker", worker=worker)


@simulate_group.command("cap-downlink")
@click.argument("room")
@click.argument("participant")
@click.option("--kbits", type=click.IntRange(0), required=True, help="Thousand bits a second that get through.")
@click.option("--loss", type=_loss, default=0.0, help="Share of packets that is lost besides.")
@_seconds
@reaching
def cap_downlink(client: Client, room: str, participant: str, kbits: int, loss: float, seconds: float) -> None:
    """Have somebody get no more than so much of the others' pictures and sound."""
    given = {"room": room, "participant": participant, "seconds": seconds, "kbits": kbits, "loss": loss}
    _do(client, "impair", what="downlink", **given)


@simulate_group.command("lose-packets")
@click.argument("room")
@click.argument("participant")
@click.option("--direction", type=click.Choice(["uplink", "downlink"]), default="uplink", show_default=True)
@click.option("--loss", type=_loss, default=0.1, show_default=True, help="Share of packets that is lost.")
@click.option("--seed", type=int, default=0, help="Which ones: the same again with the same number.")
@_seconds
@reaching
def lose_packets(
    client: Client, room: str, participant: str, direction: str, loss: float, seed: int, seconds: float
) -> None:
    """Lose a share of what somebody sends, or is sent."""
    given = {"room": room, "participant": participant, "seconds": seconds, "loss": loss, "seed": seed}
    _do(client, "impair", what=direction, **given)


@simulate_group.command("mute")
@click.argument("room")
@click.argument("participant")
@_seconds
@reaching
def mute(client: Client, room: str, participant: str, seconds: float) -> None:
    """Silence somebody's microphone before the server hears it, though it is on."""
    _do(client, "impair", what="microphone", room=room, participant=participant, seconds=seconds)


def _do(client: Client, fault: str, **parameters: object) -> None:
    click.echo(client.post(f"/api/simulate/{fault}", **parameters)["done"])
