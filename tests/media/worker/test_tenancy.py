from __future__ import annotations

import pytest

from media.worker.tenancy import PATIENCE, Tenancy

OURS, OTHERS = "a" * 16, "b" * 16


@pytest.fixture
def tenancy() -> Tenancy:
    made = Tenancy()
    made.enter(OURS, 100.0)
    return made


def test_whoever_comes_first_is_let_in() -> None:
    assert Tenancy().admits(OURS, 0.0)
    assert not Tenancy().expire(1e9)


def test_another_has_to_wait_while_it_is_heard(tenancy: Tenancy) -> None:
    for second in range(101, 200):
        assert not tenancy.admits(OTHERS, float(second))
        tenancy.heard(float(second))
    assert not tenancy.expire(200.0)


def test_the_same_one_may_always_come_again(tenancy: Tenancy) -> None:
    assert tenancy.admits(OURS, 100.0)


def test_another_is_let_in_when_the_last_one_left_or_is_silent(tenancy: Tenancy) -> None:
    assert tenancy.admits(OTHERS, 100.0 + PATIENCE)
    tenancy.heard(200.0)
    tenancy.leave(200.1)
    assert tenancy.admits(OTHERS, 200.1)
    tenancy.enter(OTHERS, 200.2)
    assert not tenancy.admits(OURS, 200.3)


@pytest.mark.parametrize("left", [False, True])
def test_what_it_left_is_kept_for_a_while_and_dropped_once(tenancy: Tenancy, left: bool) -> None:
    if left:
        tenancy.leave(100.0)
    expired = [tenancy.expire(now) for now in (99.9 + PATIENCE, 100.0 + PATIENCE, 200.0)]
    assert expired == [False, True, False]
