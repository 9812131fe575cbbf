"""Whatever is torn in a pool, wherever: nobody is left waiting, nobody is on two workers, nothing is left behind."""

from __future__ import annotations

import random

import pytest
import trio
import trio.testing

from chatroom.media import MediaEvent, MediaLost, MediaRestored, MediaUnavailable
from media.bridge import Bridge, Deadlines, MediaSettings, Terms
from media.messages import Join, Leave
from nurseries.testing import cancel_at_every_checkpoint, deterministic, fail_at_every_checkpoint
from tests.media.bridge.fakes import FakeWorker, FakeWorkers, running, settle

TWO = MediaSettings(port=10_000, workers=2, spare=True)
#: Fewer heartbeats are fewer steps to be torn at.
CALM = Deadlines(heartbeat=Terms(interval=1.0, silence=1.5, answer=5.0), rest=1.0)


class Call:
    """Three people in two rooms, for five seconds. The first worker dies after one, another stops after two."""

    def __init__(self, workers: FakeWorkers, bridge: Bridge) -> None:
        self.workers = workers
        self.bridge = bridge
        self.told: dict[str, list[MediaEvent]] = {}
        self.published: dict[str, int] = {}

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            for name in ("a1", "a2", "b1"):
                nursery.start_soon(self._participant, name, name=f"participant:{name}")
            await trio.sleep(1)
            if 0 in self.workers.at:
                self.workers.at[0].die()
            await trio.sleep(1)
            if 2 in self.workers.at:
                self.workers.at[2].reading = False

    async def _participant(self, name: str) -> None:
        told = self.told[name] = []
        self.published[name] = 0
        async with self.bridge.attach(name[0], name, 1, told.append) as session:
            for _ in range(5):
                try:
                    await session.publish("offer", {})
                    self.published[name] += 1
                except MediaUnavailable:
                    pass
                await trio.sleep(1.0)


def check(told: list[MediaEvent], *, restored: bool) -> None:
    """Losses and restorations take turns, the first is a loss, and the last is a restoration where there is one."""
    assert [type(event) for event in told] == [(MediaLost, MediaRestored)[n % 2] for n in range(len(told))]
    assert not restored or len(told) % 2 == 0


def on(worker: FakeWorker) -> set[str]:
    """Who has joined it and not left."""
    there: set[str] = set()
    for request in worker.requests:
        if isinstance(request, Join):
            assert request.participant not in there, "joined twice"
            there.add(request.participant)
        elif isinstance(request, Leave):
            there.discard(request.participant)
    return there


async def call() -> None:
    """People in a pool that goes on: everyone is on one worker in the end, and their rooms are together."""
    workers = FakeWorkers()
    async with running(workers, TWO, CALM) as bridge:
        those = Call(workers, bridge)
        await those.run()
        with trio.fail_after(120):  # a member that could not be kept up is back after its rest
            while bridge.statistics().ready < 3:  # noqa: ASYNC110 - of what others did; nobody tells of it
                await trio.sleep(1)
        await settle()  # it may be just the moment of a heartbeat
        for told in those.told.values():
            check(told, restored=True)
        assert min(those.published.values()) >= 2
        assert [on(worker) for worker in workers.at.values()] == [set(), set(), set()]
        assert bridge.statistics().sessions == 0
        assert [each.rooms for each in bridge.statistics().members] == [0, 0, 0]
        assert bridge.statistics().pending == 0
    assert workers.closed == len(workers.opened)


@pytest.mark.parametrize("victim", ["reader", "writer", "heartbeat", "process"])
def test_a_bug_anywhere_in_a_link_costs_one_worker_and_nobody_their_place(victim: str) -> None:
    pattern = "*/link" if victim == "reader" else f"*/link/{victim}"
    assert fail_at_every_checkpoint(call, victim=pattern, which="each") > 3


@pytest.mark.parametrize("at", [0, 1])
def test_whoever_is_cancelled_anywhere_is_on_no_worker(at: int) -> None:
    victim = ("participant:a1", "participant:b1")[at]

    async def scenario() -> None:
        workers = FakeWorkers()
        async with running(workers, TWO, CALM) as bridge:
            those = Call(workers, bridge)
            await those.run()
            assert [on(worker) for worker in workers.at.values()] == [set(), set(), set()]
            assert bridge.statistics().sessions == 0
            assert min(those.published[name] for name in those.published if name != victim[-2:]) >= 3

    assert cancel_at_every_checkpoint(scenario, victim=victim) > 5


def test_whenever_the_pool_is_stopped_everyone_is_told_once_and_nothing_is_left() -> None:
    async def scenario() -> None:
        workers = FakeWorkers()
        bridge = workers.bridge(TWO, CALM)
        those = Call(workers, bridge)

        async def run() -> None:
            with trio.move_on_after(4.5):
                await bridge.run()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run, name="bridge")
            await those.run()
        for told in those.told.values():
            check(told, restored=False)
            assert told[-1:] == [MediaLost()]
        assert not bridge.available
        assert workers.closed == len(workers.opened)

    assert cancel_at_every_checkpoint(scenario, victim="bridge", at="*/link") > 10


@pytest.mark.parametrize("seed", range(15))
def test_whatever_happens_to_whichever_worker(seed: int) -> None:
    """Deaths, stops, hang-ups, nonsense and slow starts at random, under a random schedule."""

    async def main() -> None:
        rng = random.Random(seed)
        workers = FakeWorkers()
        settings = MediaSettings(port=10_000, workers=rng.randint(1, 3), spare=rng.random() < 0.7)
        async with running(workers, settings, Deadlines(rest=3.0)) as bridge, trio.open_nursery() as nursery:
            told: dict[str, list[MediaEvent]] = {}

            async def stay(name: str) -> None:
                room = name[0]
                async with bridge.attach(room, name, 1, told.setdefault(name, []).append):
                    await trio.sleep(rng.uniform(0, 30))

            async def trouble() -> None:
                for _ in range(12):
                    await trio.sleep(rng.uniform(0, 4))
                    number = rng.choice(list(workers.at))
                    workers.starts[number] = rng.choice([0.0, 0.0, 1.0])
                    victim = workers.at[number]
                    match rng.randrange(4):
                        case 0:
                            victim.die()
                        case 1:
                            victim.reading = False
                        case 2:
                            await victim.hang_up()
                        case _:
                            await victim.hang_up() if victim.ending else await victim.say("{")

            nursery.start_soon(trouble)
            for n in range(20):
                await trio.sleep(rng.uniform(0, 2))
                nursery.start_soon(stay, f"{rng.choice('abc')}{n}")
            await trio.sleep(45)
            with trio.fail_after(60):
                while bridge.statistics().ready < settings.local:  # noqa: ASYNC110 - nobody tells of it
                    await trio.sleep(1)
            for events in told.values():
                check(events, restored=False)  # some left while there was no worker
            assert [on(worker) for worker in workers.at.values()] == [set()] * settings.local
            statistics = bridge.statistics()
            assert (statistics.sessions, statistics.pending) == (0, 0)
            assert sum(each.state == "spare" for each in statistics.members) == settings.spare

    with deterministic(seed):
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
