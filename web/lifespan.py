"""The node's life, tied to the app's: started at ``lifespan.startup``, ended at ``lifespan.shutdown``.

The nursery it lives in is this module's own. In Quart-Trio's ``app.nursery`` a crash would be logged and forgotten,
and the server would go on with nothing behind it; here it ends the server.
"""

from __future__ import annotations

from typing import Any

import structlog
import trio
from hypercorn.utils import LifespanFailureError
from quart_trio import QuartTrio

from web.hardening import on_terminate
from web.node import Node
from web.operator import listener as operator

#: Seconds for the sockets to be closed when the server ends with an error.
GOODBYE = 1.0

_log = structlog.stdlib.get_logger("web.lifespan")


class Lifespan:
    """ASGI's lifespan protocol (ASGI specification, lifespan 2.0)."""

    def __init__(self, app: QuartTrio, _: Any) -> None:
        self._app = app
        self._node: Node = app.extensions["node"]

    async def __call__(self, receive: Any, send: Any) -> None:
        await receive()  # lifespan.startup
        with self._node.observer.attached():
            await self._live(receive, send)
        await send({"type": "lifespan.shutdown.complete"})

    async def _live(self, receive: Any, send: Any) -> None:
        started = False
        try:
            async with trio.open_nursery() as self._app.nursery:
                nursery = self._app.nursery
                if operator.wanted(self._node.settings):  # first, and to the end: it is for the bad moments
                    await nursery.start(operator.run, self._node, name="serve/operator")
                await nursery.start(self._node.run, name="serve")
                await self._app.startup()
                take_back = on_terminate(self._node.drain)
                started = True
                try:
                    await send({"type": "lifespan.startup.complete"})
                    await receive()  # lifespan.shutdown
                    await self._node.drain()
                    await self._app.shutdown()
                finally:
                    take_back()
                    nursery.cancel_scope.cancel()
        except Exception as error:
            if started:
                _log.critical("the server ends: a part of it failed for good", exc_info=error)
                with trio.move_on_after(GOODBYE, shield=True):
                    await self._node.abandoned()  # all were dismissed as it failed
            # Hypercorn logs and forgets any other error of a lifespan; this one ends it, and the process with it.
            raise LifespanFailureError("running" if started else "startup", explain(error)) from error


def explain(error: BaseException) -> str:
    """Say in one line what an error, or each error of a group, was."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(dict.fromkeys(explain(inner) for inner in error.exceptions))
    if isinstance(error, LifespanFailureError) and error.__cause__ is not None:
        return explain(error.__cause__)  # which it was made from, see above
    text = " ".join(str(error).split()) or type(error).__name__
    cause = "" if error.__cause__ is None else explain(error.__cause__)
    return text if cause in text else f"{text} ({cause})"
