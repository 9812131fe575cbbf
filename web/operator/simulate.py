"""Breaking things on purpose: ``POST /api/simulate/FAULT``, where the server was started for it."""

from __future__ import annotations

from http import HTTPStatus

from quart import Blueprint, Response, request
from quart.typing import ResponseReturnValue

from media.simulation import Impaired
from web.node import Node
from web.simulate.faults import CannotSimulate, Faults

NOT_ALLOWED = "This server was not started with --allow-simulate."
_IMPAIRED: dict[str, Impaired] = {"uplink": "uplink", "downlink": "downlink", "microphone": "microphone"}


def blueprint(node: Node) -> Blueprint:
    routes = Blueprint("simulate", __name__)

    @routes.post("/api/simulate/<fault>")
    async def simulate(fault: str) -> ResponseReturnValue:
        if node.faults is None:
            return Response(NOT_ALLOWED, HTTPStatus.FORBIDDEN, mimetype="text/plain")
        try:
            return {"done": await _simulate(node.faults, fault)}
        except CannotSimulate as error:
            return Response(str(error), HTTPStatus.BAD_REQUEST, mimetype="text/plain")

    return routes


async def _simulate(faults: Faults, fault: str) -> str:
    room, participant, worker = (request.args.get(name, "") for name in ("room", "participant", "worker"))
    match fault:
        case "drop-socket":
            return faults.drop_socket(room, participant)
        case "stall":
            return faults.stall(room, participant, _number("seconds"))
        case "freeze-worker":
            return faults.freeze_worker(worker, _number("seconds"))
        case "kill-worker":
            return faults.kill_worker(worker)
        case "impair":
            what = _IMPAIRED.get(request.args.get("what", ""))
            if what is None:
                raise CannotSimulate(f"“what” is {', '.join(_IMPAIRED)}.")
            return await faults.impair(
                room,
                participant,
                what,
                _number("seconds"),
                loss=_number("loss", 0.0),
                kbits=None if "kbits" not in request.args else int(_number("kbits")),
                seed=int(_number("seed", 0.0)),
            )
    raise CannotSimulate(f"There is no fault {fault[:32]!r}.")


def _number(name: str, default: float | None = None) -> float:
    text = request.args.get(name)
    try:
        if text is None and default is not None:
            return default
        value = float(text or "")
    except ValueError:
        raise CannotSimulate(f"“{name}” is to be a number.") from None
    if not abs(value) < 1e9:
        raise CannotSimulate(f"“{name}” is to be a number that is not so large.")
    return value
