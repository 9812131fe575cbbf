# ruff: noqa: T201
"""Two ends of a channel: when one is lost, the other has nobody to talk to. So both are made anew, with a new channel.

It prints::

    sender: one
    receiver: one
    receiver failed: restart, together with sender
    sender: two
    receiver: two
    the sender was run 2 times, the receiver 2 times
"""

from __future__ import annotations

import trio

from nurseries import ChildReport, ChildSpec, open_supervisor


class Pair:
    """What one run of the sender and the receiver share. The first to be started makes it."""

    def __init__(self) -> None:
        self.words = iter(["one", "two"])

    async def send(self, *, task_status: trio.TaskStatus[None]) -> None:
        # No room in the channel: a word is sent when it is received.
        sender, self.receiver = trio.open_memory_channel[str](0)
        task_status.started()
        async with sender:
            word = next(self.words)
            print("sender:", word)
            await sender.send(word)
            await trio.sleep_forever()

    async def receive(self, *, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        async with self.receiver:
            word = await self.receiver.receive()
            print("receiver:", word)
            if word == "one":
                raise ValueError("a word that I do not know")
            await trio.sleep_forever()


def report(said: ChildReport) -> None:
    print(f"{said.path.rpartition('/')[2]} {said.ending}: {said.action}, together with {', '.join(said.others)}")


async def main() -> None:
    pair = Pair()
    children = [ChildSpec("sender", pair.send), ChildSpec("receiver", pair.receive)]
    async with open_supervisor("pair", children=children, strategy="one_for_all", report=report) as supervisor:
        await trio.sleep(0.2)
        sender, receiver = supervisor.statistics().children
        print(f"the sender was run {1 + sender.restarts} times, the receiver {1 + receiver.restarts} times")


if __name__ == "__main__":
    trio.run(main)
