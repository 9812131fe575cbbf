"""When more is tried than is known to fit, and what becomes of it."""

from __future__ import annotations

from media.worker.prober import LASTS, LONGEST, MAX_PAUSE, PAUSE, SETTLE, SPARE, STRIDE, TRIAL, Prober

SENT, WANTED, MOST = 100_000.0, 130_000.0, 900_000.0


def look(prober: Prober, now: float, sent: float = SENT, *, pads: bool = True) -> float | None:
    return prober.look(sent, WANTED, MOST, now, pads=pads)


def test_what_is_wanted_is_sent_as_padding_first_and_granted_if_nothing_is_said_against_it() -> None:
    prober = Prober()
    assert look(prober, 0.0) is None
    assert prober.padding == SPARE * WANTED - SENT
    assert look(prober, LASTS - 0.1) is None
    assert look(prober, LASTS) == WANTED
    assert prober.padding == 0.0
    assert look(prober, LASTS + SETTLE - 0.1) is None
    assert prober.padding == 0.0


def test_after_one_that_went_well_more_is_tried_at_once() -> None:
    prober = Prober()
    look(prober, 0.0)
    look(prober, LASTS)
    look(prober, LASTS + SETTLE, WANTED)
    assert look(prober, 2 * LASTS + SETTLE, WANTED) == STRIDE * WANTED


def test_of_all_there_is_the_spare_that_was_tried_is_granted_too() -> None:
    prober = Prober()
    prober.look(SENT, WANTED, WANTED, 0.0, pads=True)
    assert prober.look(SENT, WANTED, WANTED, LASTS, pads=True) == SPARE * WANTED


def test_what_fits_counts_though_it_is_not_in_use_yet_and_what_was_too_much_once_does_not() -> None:
    prober = Prober()
    look(prober, 0.0)
    look(prober, LASTS)
    look(prober, LASTS + SETTLE, SENT)
    assert look(prober, 2 * LASTS + SETTLE, SENT) == STRIDE * WANTED
    began = 2 * LASTS + 2 * SETTLE
    look(prober, began, SENT)
    prober.on_loss(0.5, 0.0, began + 0.5)
    now = began + 0.5 + MAX_PAUSE
    assert look(prober, now, pads=False) == WANTED
    look(prober, now + SETTLE)
    assert look(prober, now + SETTLE + LASTS) == STRIDE * WANTED


def test_what_was_too_much_is_tried_again_after_a_while_and_not_much_later_each_time() -> None:
    prober, now, pauses = Prober(), 0.0, list[float]()
    for _ in range(5):
        look(prober, now)
        prober.on_fall(SENT, now + 0.5)
        assert prober.padding == 0.0
        began = now
        while prober.padding == 0.0:
            now += 0.1
            assert look(prober, now) is None
        pauses.append(now - began - 0.5)
        prober.rest()
    assert all(abs(pause - MAX_PAUSE) <= 0.1 for pause in pauses)
    assert MAX_PAUSE < 2 * PAUSE


def test_a_fall_to_what_jitter_takes_of_it_is_no_failure() -> None:
    prober = Prober()
    look(prober, 0.0)
    prober.on_fall(SPARE * WANTED, 0.5)
    assert look(prober, LASTS) == WANTED


def test_round_trips_and_losses_say_that_it_was_too_much_and_a_single_late_answer_does_not() -> None:
    prober = Prober()
    look(prober, 0.0)
    prober.on_round_trip(0.9, 0.01, 0.3)
    assert prober.padding > 0
    prober.on_round_trip(0.2, 0.01, 0.6)
    assert prober.padding == 0.0
    prober = Prober()
    look(prober, 0.0)
    prober.on_loss(0.1, 0.07, 0.5)
    assert prober.padding > 0
    prober.on_loss(0.1, 0.01, 0.5)
    assert prober.padding == 0.0


def test_what_did_harm_is_not_tried_again_soon() -> None:
    prober, now, failed = Prober(), 0.0, 0.0
    for _ in range(6):
        while look(prober, now) is None:
            now += 0.1
        prober.on_congestion(now + TRIAL - 1)
        failed = now = now + TRIAL - 1
    while prober.padding == 0.0:
        look(prober, now)
        now += 0.1
    assert now - failed > LONGEST - 1


def test_congestion_while_more_is_tried_is_for_that_and_not_for_what_was_granted_before() -> None:
    prober, failed = Prober(), LASTS + SETTLE + 0.5
    look(prober, 0.0)
    look(prober, LASTS)
    look(prober, LASTS + SETTLE)
    assert prober.failed_at < 0
    prober.on_congestion(failed)
    assert (prober.padding, prober.failed_at) == (0.0, failed)
    prober.on_congestion(failed + 0.5)  # of what it did
    look(prober, failed + MAX_PAUSE - 0.1)
    assert prober.padding == 0.0
    look(prober, failed + MAX_PAUSE)
    assert prober.padding > 0.0


def test_without_padding_the_next_step_is_the_try() -> None:
    prober = Prober()
    assert look(prober, 0.0, pads=False) == WANTED
    assert not prober.sure
    assert look(prober, SETTLE / 2, pads=False) is None
    prober.on_congestion(1.0)
    assert look(prober, 1.0 + 2 * PAUSE - 0.1, pads=False) is None
    assert look(prober, 1.0 + 2 * PAUSE, pads=False) == WANTED


def begins(prober: Prober, now: float) -> bool:
    """Whether something is tried from now on."""
    assert look(prober, now) is None
    return prober.padding > 0


def granted(prober: Prober, now: float) -> float:
    """Let a try that may begin now go well; return when it did."""
    assert begins(prober, now)
    assert look(prober, now + LASTS) is not None
    return now + LASTS


def test_whether_it_was_tried_before_it_was_granted_is_told() -> None:
    prober = Prober()
    now = granted(prober, 0.0) + SETTLE
    assert prober.sure
    assert look(prober, now, pads=False) == WANTED
    assert not prober.sure


def test_what_is_sent_beside_makes_up_for_what_is_sent_meanwhile_and_ends_where_nothing_pads() -> None:
    prober = Prober()
    look(prober, 0.0)
    look(prober, 0.5, 120_000.0)
    assert prober.padding == SPARE * WANTED - 120_000
    look(prober, 0.7, 200_000.0)
    assert prober.padding == 0.0
    look(prober, 0.9)
    assert look(prober, 1.0, pads=False) is None
    assert prober.padding == 0.0
    assert look(prober, LASTS) is None, "it begins anew"
    assert look(prober, 2 * LASTS) == WANTED


def test_no_more_is_tried_than_there_is_and_no_less_than_the_next_step() -> None:
    for most, target in ((200_000.0, 200_000.0), (SENT, WANTED)):
        prober = Prober()
        now = granted(prober, 0.0) + SETTLE
        prober.look(SENT, WANTED, most, now, pads=True)
        assert prober.padding == SPARE * target - SENT


def test_after_congestion_the_next_step_is_tried_again_and_not_at_once() -> None:
    prober = Prober()
    prober.on_congestion(0.0)
    assert not begins(prober, PAUSE - 0.1)
    assert begins(prober, PAUSE)
    prober.on_congestion(PAUSE + 0.5)
    assert prober.padding == 0.0
    assert not begins(prober, PAUSE + 0.5 + MAX_PAUSE - 0.1)
    prober = Prober()
    now = granted(prober, 0.0) + TRIAL
    prober.on_congestion(now)
    assert begins(prober, now + PAUSE)
    assert prober.padding == SPARE * WANTED - SENT


def test_a_failure_ends_the_large_steps() -> None:
    prober = Prober()
    now = granted(prober, 0.0) + SETTLE
    assert begins(prober, now)
    assert prober.padding == SPARE * (STRIDE * WANTED) - SENT
    prober.on_fall(SENT, now)
    assert begins(prober, now + MAX_PAUSE)
    assert prober.padding == SPARE * WANTED - SENT


def harmed(prober: Prober, now: float) -> float:
    """Do harm until the pauses are the longest; return when the last one begins."""
    for pause in (2 * PAUSE, 4 * PAUSE, LONGEST):
        now = granted(prober, now) + 1.0
        prober.on_congestion(now)
        assert not begins(prober, now + pause - 0.1)
        now += pause
    return now - LONGEST


def test_after_harm_neither_congestion_nor_another_failure_makes_the_pause_shorter() -> None:
    prober = Prober()
    now = harmed(prober, 0.0)
    prober.on_congestion(now + 1.0)
    assert not begins(prober, now + LONGEST - 0.1)
    assert begins(prober, now + LONGEST)
    prober.on_fall(SENT, now + LONGEST)
    assert not begins(prober, now + 2 * LONGEST - 0.1)
    assert begins(prober, now + 2 * LONGEST)


def test_what_did_no_harm_for_a_while_makes_the_pauses_short_again() -> None:
    prober = Prober()
    now = granted(prober, harmed(prober, 0.0) + LONGEST) + TRIAL
    assert begins(prober, now)
    prober.on_fall(SENT, now)
    assert begins(prober, now + MAX_PAUSE)


def test_what_is_so_anyway_says_nothing_of_a_try() -> None:
    prober = Prober()
    look(prober, 0.0)
    prober.on_fall(0.9 * SPARE * WANTED, 0.2)
    for _ in range(5):
        prober.on_round_trip(0.5, 0.45, 0.3)
    prober.on_loss(0.12, 0.07, 0.4)
    prober.on_loss(0.04, 0.01, 0.4)
    prober.on_round_trip(0.9, 0.45, 0.5)
    assert look(prober, LASTS) == WANTED
    assert begins(prober, LASTS + SETTLE)
    prober.on_round_trip(0.9, 0.45, LASTS + 1.0)
    assert prober.padding > 0, "the other was of the last try"


def test_what_is_not_wanted_any_more_is_not_tried_any_more() -> None:
    prober = Prober()
    look(prober, 0.0)
    prober.rest()
    assert prober.padding == 0.0
