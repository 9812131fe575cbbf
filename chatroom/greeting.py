"""What a page can do before it is in a room: ask to be let in."""

from __future__ import annotations

import trio

from chatroom import close_codes
from chatroom.commands import Join, Leave, Ping, Pong, Resume
from chatroom.directory import Directory
from chatroom.errors import UserError
from chatroom.events import Ok
from chatroom.session import Session
from chatroom.spans import span
from chatroom.wire import encode

#: Seconds for being let in, which takes some steps and no waiting. So it is a bug that takes so long; but each step
#: waits for all the others' steps, and when a thousand come at once those may be many seconds.
JOIN_DEADLINE = 60.0


async def greet(session: Session, directory: Directory) -> None:
    """Answer a page until it is in a room. From then on the room looks after it, and this returns."""
    with trio.move_on_after(directory.limits.join_timeout) as patience:
        while True:
            try:
                command = await session.receive()
            except trio.EndOfChannel:
                return
            try:
                match command:
                    case Join():
                        # Shielded: it takes a few steps and waits for nobody. A page that goes meanwhile was here, and
                        # leaves like any other, with its own reason. The deadline is for a bug, and says so.
                        with span("join") as joining, trio.fail_after(JOIN_DEADLINE, shield=True):
                            stay = await directory.join(session, command)
                            joining.note(**stay.about)
                        return
                    case Resume():
                        with span("resume") as resuming:
                            directory.resume(session, command)
                            resuming.note(**session.about)
                        return
                    case Leave():
                        session.close(close_codes.NORMAL, "You left.", reason="left")
                    case Ping() | Pong():
                        if command.ref is not None and isinstance(command, Ping):
                            session.post(encode(Ok(command.ref)))
                    case _:
                        raise UserError("not_joined", "Join a room first.")
            except UserError as error:
                session.refuse(command.ref, error)
    if patience.cancelled_caught:
        session.close(close_codes.NO_JOIN, "No room was joined in time.")
