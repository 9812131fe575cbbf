"""Every strategy, torn at every checkpoint: no child left, nobody left waiting, no hang."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from nurseries import Backoff, Restart, Strategy, Supervisor, TooManyRestarts, open_supervisor
from nurseries.testing import Injected, cancel_at_every_checkpoint, deterministic, fail_at_every_checkpoint
from tests.nurseries.script import Boom, quiet
from tests.nurseries.staff import Staff

STRATEGIES: list[Strategy] = ["one_for_one", "one_for_all", "rest_for_one"]


class House:
    """A supervisor whose children fail, are stopped and started, from inside its block and from outside."""

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy
        self.staff = Staff()
        self.asked = 0
        self.answered = 0

    async def ask(self, supervisor: Supervisor, name: str, restart: Restart = "permanent") -> None:
        """Start one, and take note that there is an answer, whatever it is."""
        self.asked += 1
        try:
            await supervisor.start(self.staff.spec(name, restart, getting_ready=0.5, lingering=0.3))
        except RuntimeError:
            pass  # it is closed, or its child was stopped
        finally:
            self.answered += 1

    async def life(self, *, task_status: trio.TaskStatus[Supervisor]) -> None:
        staff = self.staff
        specs = [
            staff.spec("a", getting_ready=0.2),
            staff.spec("b", lingering=0.3, shutdown=0.1),
            staff.spec("c", "temporary"),
            staff.spec("d", "transient", early=(2,)),
        ]
        async with open_supervisor(
            "s",
            under="",
            children=specs,
            strategy=self.strategy,
            intensity=20,
            backoff=Backoff(first=0.2, factor=1.0),
            report=quiet,
        ) as supervisor:
            task_status.started(supervisor)
            staff.fail("a")
            await trio.sleep(0.1)
            await self.ask(supervisor, "e", "temporary")
            staff.fail("d")
            await supervisor.stop("b")
            await trio.sleep(0.4)
            staff.fail("a")
            await trio.sleep(1)

    async def outsider(self, supervisor: Supervisor) -> None:
        await trio.sleep(0.3)
        await self.ask(supervisor, "f")
        self.staff.fail("a")
        await trio.sleep(0.3)
        await self.ask(supervisor, "g")

    async def run(self) -> None:
        try:
            async with trio.open_nursery() as nursery:
                try:
                    supervisor = await nursery.start(self.life, name="life")
                except RuntimeError:
                    return  # it was cancelled before it was open
                nursery.start_soon(self.outsider, supervisor, name="outsider")
        except* Injected:
            pass
        assert not self.staff.running
        assert self.asked == self.answered


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("victim", "at", "least"),
    [("life", None, 8), ("life", "*", 60), ("outsider", None, 3), ("outsider", "*", 20), ("s/a", "s/*", 10)],
)
def test_cancelled_anywhere(strategy: Strategy, seed: int, victim: str, at: str | None, least: int) -> None:
    assert cancel_at_every_checkpoint(House(strategy).run, victim=victim, at=at, seed=seed) >= least


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("victim", "least"), [("life", 6), ("outsider", 3), ("s/a", 4), ("s/b", 1), ("s/d", 1)])
def test_failed_anywhere(strategy: Strategy, seed: int, victim: str, least: int) -> None:
    assert fail_at_every_checkpoint(House(strategy).run, victim=victim, seed=seed) >= least


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
@pytest.mark.parametrize("seed", range(2))
def test_the_task_that_brings_children_back_fails_anywhere(strategy: Strategy, seed: int) -> None:
    """It lives in the supervisor's own nursery: nothing cancels it alone."""
    assert fail_at_every_checkpoint(House(strategy).run, victim="s/(regroup)", seed=seed) >= 3


names = st.sampled_from("abcd")
orders = st.one_of(
    st.tuples(st.just("fail"), names),
    st.tuples(st.just("finish"), names),
    st.tuples(st.just("stop"), names),
    st.tuples(st.just("start"), names),
    st.tuples(st.just("wait"), st.sampled_from(["0", "0.1", "0.7", "3"])),
)
kinds = st.tuples(
    st.sampled_from(["permanent", "transient", "temporary"]),
    st.sampled_from([0.0, 0.5]),  # seconds to get ready
    st.sampled_from([0.0, 0.5, 2.0]),  # seconds to end
    st.sampled_from([(), (1,), (2,), (2, 3)]),  # runs that fail early
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(STRATEGIES),
    st.lists(kinds, min_size=4, max_size=4),
    st.lists(orders, max_size=12),
    st.integers(0, 10),
)
def test_whatever_happens_everyone_who_is_left_is_up_in_the_end(
    strategy: Strategy,
    kinds: list[tuple[Restart, float, float, tuple[int, ...]]],
    orders: list[tuple[str, str]],
    seed: int,
) -> None:
    staff = Staff()
    specs = {
        name: staff.spec(name, restart, shutdown=1.0, getting_ready=ready, lingering=lingering, early=early)
        for name, (restart, ready, lingering, early) in zip("abcd", kinds, strict=True)
    }

    async def start(supervisor: Supervisor, name: str) -> None:
        try:
            await supervisor.start(specs[name])
        except ValueError:
            assert name in staff.running or name in {child.name for child in supervisor.statistics().children}
        except (Boom, RuntimeError):
            pass

    async def main() -> None:
        async with (
            trio.open_nursery() as nursery,
            open_supervisor("s", strategy=strategy, intensity=100, report=quiet) as supervisor,
        ):
            for name in "abcd":
                await start(supervisor, name)
            for order, name in orders:
                match order:
                    case "fail" if name in staff.running:
                        staff.fail(name)
                    case "finish" if name in staff.running:
                        staff.finish(name)
                    case "stop":
                        nursery.start_soon(supervisor.stop, name)
                    case "start":
                        nursery.start_soon(start, supervisor, name)
                    case "wait":
                        await trio.sleep(float(name))
            await trio.sleep(100)
            children = supervisor.statistics().children
            assert {child.state for child in children} <= {"running"}
            assert {child.name for child in children} == staff.running
            left = [child.name for child in children]
            staff.said()
        if strategy != "one_for_one":
            ended = [word[1:] for word in staff.said().split() if word.startswith("-")]
            slow = {name for name, (_, _, lingering, _) in zip("abcd", kinds, strict=True) if lingering > 1}
            assert [name for name in ended if name not in slow] == [name for name in reversed(left) if name not in slow]
        assert not staff.running

    with deterministic(seed):
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_giving_up_while_others_are_brought_back_ends_all() -> None:
    staff = Staff()

    async def main() -> None:
        specs = [staff.spec("a"), staff.spec("b", early=tuple(range(2, 20))), staff.spec("c")]
        async with open_supervisor("s", children=specs, strategy="one_for_all", report=quiet):
            staff.fail("a")
            await trio.sleep_forever()

    with deterministic(), pytest.raises(TooManyRestarts, match="s/b"):
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert not staff.running
