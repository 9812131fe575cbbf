from __future__ import annotations

import itertools
from typing import ClassVar

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nurseries import Restart, Strategy
from nurseries.restarts import RESTARTED
from nurseries.strategies import CONCERNED, Member, Standing, Step, next_step, recalled, stop_order

STRATEGIES: list[Strategy] = ["one_for_one", "one_for_all", "rest_for_one"]
RESTARTS: list[Restart] = ["permanent", "transient", "temporary"]
STANDINGS: list[Standing] = ["starting", "up", "recalled", "overrun", "leaving", "down"]


def members(*standings: Standing) -> list[Member]:
    return [Member(name, "permanent", standing) for name, standing in zip("abcdef", standings, strict=False)]


@pytest.mark.parametrize(
    ("strategy", "failed", "names"),
    [
        ("one_for_one", "b", ""),
        ("one_for_all", "a", "dcb"),
        ("one_for_all", "b", "dca"),
        ("one_for_all", "d", "cba"),
        ("rest_for_one", "a", "dcb"),
        ("rest_for_one", "b", "dc"),
        ("rest_for_one", "d", ""),
    ],
)
def test_who_is_recalled(strategy: Strategy, failed: str, names: str) -> None:
    assert recalled(strategy, members("up", "up", "up", "up"), failed) == tuple(names)


def test_who_is_ending_or_down_already_is_not_recalled() -> None:
    assert recalled("one_for_all", members("up", *STANDINGS), "a") == ("c", "b")


def test_only_a_member_can_fail() -> None:
    with pytest.raises(ValueError, match="'x'"):
        recalled("one_for_all", members("up"), "x")


@pytest.mark.parametrize(
    ("standings", "step"),
    [
        ("", Step("done")),
        ("up up leaving", Step("done")),
        ("down up", Step("start", "a")),
        ("up down down", Step("start", "b")),
        ("starting down", Step("await", "a")),
        ("down starting", Step("start", "a")),
        ("down recalled recalled", Step("stop", "c")),
        ("down recalled overrun", Step("stop", "b")),
        ("down down overrun", Step("await", "c")),
        ("starting recalled", Step("stop", "b")),
        ("leaving down", Step("start", "b")),
    ],
)
def test_what_comes_next(standings: str, step: Step) -> None:
    assert next_step(members(*standings.split())) == step  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("strategy", "kinds", "groups"),
    [
        ("one_for_one", "pppp", "d c b a"),
        ("one_for_one", "tttt", "dcba"),
        ("one_for_one", "pttptt", "fe d cb a"),
        ("one_for_one", "ttp", "c ba"),
        ("one_for_all", "tttt", "d c b a"),
        ("rest_for_one", "tttt", "d c b a"),
        ("one_for_one", "", ""),
    ],
)
def test_in_which_order_all_are_stopped(strategy: Strategy, kinds: str, groups: str) -> None:
    everyone = [
        Member(name, "temporary" if kind == "t" else "permanent") for name, kind in zip("abcdef", kinds, strict=False)
    ]
    assert stop_order(strategy, everyone) == tuple(tuple(group) for group in groups.split())


@given(st.sampled_from(STRATEGIES), st.lists(st.sampled_from(RESTARTS), max_size=8))
def test_a_close_stops_everybody_once_in_reverse_order(strategy: Strategy, kinds: list[Restart]) -> None:
    everyone = [Member(str(number), kind) for number, kind in enumerate(kinds)]
    groups = stop_order(strategy, everyone)
    assert list(itertools.chain(*groups)) == [member.name for member in reversed(everyone)]
    assert all(len(group) == 1 or {kinds[int(name)] for name in group} == {"temporary"} for group in groups)


@attrs.define
class Child:
    """A child in a world without tasks."""

    name: str
    restart: Restart
    standing: Standing = "up"
    told: bool = False

    @property
    def runs(self) -> bool:
        return self.standing != "down"


class Supervised(RuleBasedStateMachine):
    """A supervisor that does what `next_step` says, in a world where anything else may happen in between."""

    PRESENT: ClassVar[st.SearchStrategy[int]] = st.integers(0, 20)

    def __init__(self) -> None:
        super().__init__()
        self.children: list[Child] = []
        self.strategy: Strategy = "one_for_all"
        self.born = 0

    @initialize(strategy=st.sampled_from(["one_for_all", "rest_for_one"]), kinds=st.lists(st.sampled_from(RESTARTS)))
    def open(self, strategy: Strategy, kinds: list[Restart]) -> None:
        self.strategy = strategy
        for kind in kinds[:6]:
            self.start(kind)

    def step(self) -> Step:
        return next_step([Member(child.name, child.restart, child.standing) for child in self.children])

    def one(self, number: int, *standings: Standing) -> Child:
        fit = [child for child in self.children if child.standing in standings]
        assume(fit)
        return fit[number % len(fit)]

    def come_down(self, child: Child, ending: str) -> None:
        if RESTARTED[child.restart, ending]:  # type: ignore[index]
            child.standing, child.told = "down", False
        else:
            self.children.remove(child)

    @precondition(lambda self: len(self.children) < 8)
    @rule(kind=st.sampled_from(RESTARTS))
    def start(self, kind: Restart) -> None:
        standing: Standing = "starting" if self.step().do == "done" else "down"
        self.born += 1
        self.children.append(Child(f"{self.born}", kind, standing))

    @rule(number=PRESENT, failed=st.booleans())
    def ends_by_itself(self, number: int, failed: bool) -> None:
        child = self.one(number, "starting", "up")
        ending = "failed" if failed else "returned"
        if RESTARTED[child.restart, ending]:  # type: ignore[index]
            everyone = [Member(each.name, each.restart, each.standing) for each in self.children]
            for name in recalled(self.strategy, everyone, child.name):
                next(each for each in self.children if each.name == name).standing = "recalled"
        self.come_down(child, ending)

    @rule(number=PRESENT)
    def gets_ready(self, number: int) -> None:
        self.one(number, "starting").standing = "up"

    @rule(number=PRESENT)
    def ends_as_told(self, number: int) -> None:
        child = self.one(number, "recalled", "overrun")
        assume(child.told)
        self.come_down(child, "stopped")

    @rule(number=PRESENT)
    def takes_too_long(self, number: int) -> None:
        child = self.one(number, "recalled")
        assume(child.told)
        child.standing = "overrun"

    @rule(number=PRESENT)
    def is_stopped(self, number: int) -> None:
        self.one(number, *STANDINGS).standing = "leaving"

    @rule(number=PRESENT)
    def is_gone(self, number: int) -> None:
        self.children.remove(self.one(number, "leaving"))

    @rule()
    def does_what_comes_next(self) -> None:
        step = self.step()
        if step.do == "done":
            return
        child = next(each for each in self.children if each.name == step.name)
        place = self.children.index(child)
        if step.do == "stop":
            # Whoever was started later has been told already, and is gone or out of time.
            assert all(each.standing != "recalled" for each in self.children[place + 1 :])
            child.told = True
        elif step.do == "start":
            assert all(each.standing in ("up", "leaving") for each in self.children[:place])
            assert not any(each.standing in ("recalled", "overrun") for each in self.children)
            child.standing = "starting"

    @invariant()
    def it_is_done_when_nobody_is_down_or_has_to_end(self) -> None:
        unfinished = {"starting", "recalled", "overrun", "down"} & {child.standing for child in self.children}
        assert (self.step().do == "done") == (not unfinished)

    def teardown(self) -> None:
        """Whatever has happened: if everybody does as told from here on, all are back after few steps."""
        for _ in range(4 * len(self.children)):
            step = self.step()
            if step.do == "done":
                break
            self.does_what_comes_next()
            child = next(each for each in self.children if each.name == step.name)
            if step.do == "stop" or child.standing == "overrun":
                self.come_down(child, "stopped")
            elif child.standing == "starting":
                child.standing = "up"
        assert {child.standing for child in self.children} <= {"up", "leaving"}


TestSupervised = Supervised.TestCase
TestSupervised.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def test_the_tables_are_complete() -> None:
    assert set(CONCERNED) == set(STRATEGIES)
    assert set(RESTARTED) == set(itertools.product(RESTARTS, ["returned", "failed", "stopped"]))
