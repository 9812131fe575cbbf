"""``GET /api/rooms/<room>/diagnose``: a diagnosis for whoever knows the name of the room.

It tells names, states and figures, and neither addresses nor tokens. It costs the server a second of waiting and two
requests to a worker, so an address may ask so often, and the server answers so many at a time.
"""

from __future__ import annotations

from collections import OrderedDict
from http import HTTPStatus
from typing import cast, get_args

import attrs
import trio
from quart import request
from quart.typing import ResponseReturnValue
from quart_trio import QuartTrio

from chatroom.errors import UserError
from chatroom.limits import TokenBucket
from chatroom.names import room_name
from web.addresses import networks, origin_of
from web.diagnosis.evidence import Kind
from web.diagnosis.gather import Ambiguous, NobodyHere, search
from web.node import Node

#: Diagnoses of one address: so many a second, and so many at once after a pause. Addresses that are remembered.
RATE, BURST = 0.5, 10
REMEMBERED = 1_000
#: Diagnoses at the same time.
AT_ONCE = 16


class Turns:
    """Who may ask now. Times are passed in; None is this machine, which may always."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()
        self.running = 0

    def take(self, address: str | None, now: float) -> bool:
        """Whether whoever asks from there may, and count it."""
        if address is None:
            return True
        bucket = self._buckets.setdefault(address, TokenBucket(RATE, BURST))
        self._buckets.move_to_end(address)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return bucket.take(now)


def add_route(app: QuartTrio, node: Node) -> None:
    """Have the application answer."""
    turns = Turns()

    @app.get("/api/rooms/<room>/diagnose")
    async def diagnose(room: str) -> ResponseReturnValue:
        sender, receiver = request.args.get("from", ""), request.args.get("to", "")
        kind = request.args.get("kind", "audio")
        if not sender or not receiver:
            return _refused("Say who should be heard or seen (from=), and by whom (to=).", HTTPStatus.BAD_REQUEST)
        if kind not in get_args(Kind):
            return _refused(f"“kind” is one of {', '.join(get_args(Kind))}.", HTTPStatus.BAD_REQUEST)
        client = request.scope.get("client")
        forwarded = request.headers.getlist("X-Forwarded-For")
        address = origin_of(client[0] if client else None, forwarded, networks(node.settings.trusted_proxy))
        if not turns.take(address, trio.current_time()):
            return _refused("That was too much at once. Wait a moment.", HTTPStatus.TOO_MANY_REQUESTS)
        if turns.running >= AT_ONCE:
            return _refused("Too many others ask just now. Wait a moment.", HTTPStatus.SERVICE_UNAVAILABLE)
        turns.running += 1
        began = trio.current_time()
        try:
            found = await search(node.directory, node.figures, room_name(room), sender, receiver, cast("Kind", kind))
        except NobodyHere as error:
            return _refused(str(error.args[0]), HTTPStatus.NOT_FOUND)
        except Ambiguous as error:
            return _refused(str(error.args[0]), HTTPStatus.BAD_REQUEST)
        except UserError as error:
            nowhere = error.code == "invalid_room"
            return _refused(error.message, HTTPStatus.NOT_FOUND if nowhere else HTTPStatus.BAD_REQUEST)
        finally:
            turns.running -= 1
        return {
            "room": room_name(room),
            "kind": found.kind,
            "from": found.sender,
            "to": found.receiver,
            "verdict": attrs.asdict(found.verdict),
            "hops": [attrs.asdict(hop) for hop in found.hops],
            "seconds": round(trio.current_time() - began, 3),
        }


def _refused(message: str, status: HTTPStatus) -> ResponseReturnValue:
    return {"error": message}, status
