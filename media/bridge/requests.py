"""The requests of one link: what is to be sent, in order, and who waits for which answer.

There is no channel to the writer. What is to be sent is a table of those who wait for an answer, and it is as long as
there are tasks that wait (each with a deadline, after which it takes its request back) and participants that are being
joined or left, which is twice a stay at the most. A worker that takes none of them does not live long.
"""

from __future__ import annotations

import attrs
import trio

from media.messages import BadMessage, ErrorFrame, Request, Result, ResultFrame, structure_result


@attrs.define(eq=False)
class Waiting:
    """A request under way. ``outcome`` stays None when the link closes before there is an answer."""

    id: int
    request: Request
    outcome: Result | ErrorFrame | None = None
    done: trio.Event = attrs.field(factory=trio.Event)


class Requests:
    """Matches answers to requests by their id."""

    def __init__(self) -> None:
        self.closed = False
        self._last_id = 0
        self._unsent: dict[int, Waiting] = {}
        self._sent: dict[int, Waiting] = {}
        self._something_unsent = trio.Event()

    def __len__(self) -> int:
        return len(self._unsent) + len(self._sent)

    def submit(self, request: Request) -> Waiting:
        """Queue a request behind all others. On a closed link it is done at once, without an outcome."""
        self._last_id += 1
        waiting = Waiting(self._last_id, request)
        if self.closed:
            waiting.done.set()
        else:
            self._unsent[waiting.id] = waiting
            self._something_unsent.set()
        return waiting

    def forget(self, waiting: Waiting) -> None:
        """Nobody waits any more: it is not sent, if it was not; its answer is ignored, if it was."""
        self._unsent.pop(waiting.id, None)
        self._sent.pop(waiting.id, None)

    async def next(self) -> Waiting:
        """Wait until there is a request to send and take the oldest. For the one writer."""
        await trio.lowlevel.checkpoint()
        while not self._unsent:
            self._something_unsent = trio.Event()
            await self._something_unsent.wait()
        waiting = self._unsent.pop(next(iter(self._unsent)))
        self._sent[waiting.id] = waiting
        return waiting

    def answer(self, reply: ResultFrame | ErrorFrame) -> Waiting | None:
        """Give an answer to who waits for it, and say who that was. Raises BadMessage for what was never asked."""
        waiting = self._sent.pop(reply.id, None)
        if waiting is None:
            if not 0 < reply.id <= self._last_id or reply.id in self._unsent:
                raise BadMessage(f"an answer to request {reply.id}, which was not made")
            return None
        try:
            waiting.outcome = (
                reply if isinstance(reply, ErrorFrame) else structure_result(reply.result, waiting.request.result)
            )
        finally:
            waiting.done.set()
        return waiting

    def close(self) -> None:
        """Let all that wait go on without an outcome."""
        self.closed = True
        for waiting in (*self._unsent.values(), *self._sent.values()):
            waiting.done.set()
        self._unsent.clear()
        self._sent.clear()
