"""A host under Hypothesis: rules act upon a run, what fails is shrunk to its core, and nothing of a run is left."""

from __future__ import annotations

import gc
import random
import threading

import pytest
import trio
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from nurseries.testing import Host, tasks_in

SETTINGS = settings(
    max_examples=20,
    stateful_step_count=8,
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


class Account:
    """Money that is moved in the background. The mistakes can be switched on."""

    def __init__(self, host: Host, torn: bool = False, crash: bool = False) -> None:
        self.balance = 0
        self._host = host
        self._torn = torn
        self._crash = crash

    def add(self, amount: int) -> None:
        self._host.start_soon(self._add, amount, name=f"add {amount}")

    async def _add(self, amount: int) -> None:
        await trio.sleep(1)
        if self._crash and amount > 7:
            raise KeyError(amount)
        balance = self.balance
        if self._torn:
            await trio.lowlevel.checkpoint()
        self.balance = balance + amount


class Bank(RuleBasedStateMachine):
    """The balance is the sum of what was added, once all has been."""

    torn = crash = False

    @initialize(seed=st.integers(0, 3))
    def open(self, seed: int) -> None:
        self.start(Host(seed))

    def start(self, host: Host) -> None:
        self.host = host
        self.account = Account(self.host, self.torn, self.crash)
        self.expected = 0

    @rule(amount=st.integers(1, 10))
    def add(self, amount: int) -> None:
        self.account.add(amount)
        self.expected += amount

    @rule(seconds=st.integers(1, 2))
    def wait(self, seconds: int) -> None:
        self.host.advance(seconds)

    @rule()
    def settle(self) -> None:
        self.host.settle()

    @invariant()
    def nothing_is_lost(self) -> None:
        if hasattr(self, "host") and not tasks_in(self.host.nursery):
            assert self.account.balance == self.expected

    def teardown(self) -> None:
        if hasattr(self, "host"):
            self.host.close()


def test_a_machine_that_holds() -> None:
    threads = threading.active_count()
    run_state_machine_as_test(Bank, settings=SETTINGS)
    assert threading.active_count() == threads
    gc.collect()


def test_a_race_is_found_and_shrunk_to_its_core() -> None:
    class Torn(Bank):
        torn = True

    with pytest.raises(AssertionError) as caught:
        run_state_machine_as_test(Torn, settings=settings(SETTINGS, max_examples=100))
    told = "\n".join(caught.value.__notes__)
    assert told.count("state.add(amount=1)") == told.count("state.add(") == 2, told
    assert told.count("state.wait(") == 1
    gc.collect()


def test_the_schedule_may_be_part_of_the_example_and_shrinks_with_it() -> None:
    class Drawn(RuleBasedStateMachine):
        @initialize(rng=st.randoms(use_true_random=False))
        def open(self, rng: random.Random) -> None:
            self.host = Host(rng)

        @rule()
        def run(self) -> None:
            order: list[int] = []

            async def one(number: int) -> None:
                order.append(number)

            for number in range(3):
                self.host.start_soon(one, number)
            self.host.settle()
            assert order[0] != 2

        def teardown(self) -> None:
            if hasattr(self, "host"):
                self.host.close()

    with pytest.raises(AssertionError) as caught:
        run_state_machine_as_test(Drawn, settings=SETTINGS)
    assert "\n".join(caught.value.__notes__).count("state.run()") == 1
    gc.collect()


def test_a_crash_in_the_background_is_found_and_shrunk_and_raised_by_its_rule() -> None:
    class Crashing(Bank):
        crash = True

    with pytest.raises(KeyError) as caught:
        run_state_machine_as_test(Crashing, settings=SETTINGS)
    assert caught.value.args == (8,)
    told = "\n".join(caught.value.__notes__)
    assert told.count("state.add(") == told.count("state.wait(seconds=1)") == 1, told
    gc.collect()


def test_an_example_that_fails_in_plain_code_leaves_nothing() -> None:
    class Failing(Bank):
        @rule()
        def fail(self) -> None:
            self.account.add(1)
            self.host.settle()
            assert not tasks_in(self.host.nursery), "busy"

    with pytest.raises(AssertionError, match="busy"):
        run_state_machine_as_test(Failing, settings=SETTINGS)
    gc.collect()
