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


def test_what_is_not_wanted_any_more_is_not_tried_any_more() -> None:
    prober = Prober()
    look(prober, 0.0)
    prober.rest()
    assert prober.padding == 0.0
