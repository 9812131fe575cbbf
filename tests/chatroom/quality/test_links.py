"""What is made of the samples of one connection."""

from __future__ import annotations

import attrs

from chatroom.quality.links import STALLED, Downlink, Uplink
from chatroom.quality.samples import DownlinkSample, TrackSample, UplinkSample

SOUND = TrackSample("microphone", 50, 4_000, 50, 0, 0, 0, 0.005, 0.01, 30, wanted=True, lacking=False)
VIDEO = TrackSample("camera", 150, 160_000, 150, 0, 0, 30, 0.005, 0.01, None, wanted=True, lacking=False)
DOWN = DownlinkSample("connected", 0.1, 900_000.0, 200, 0, 0.05, 2e6, 2e6, None, 2, 0, lowered=False, unsent=[])


def up(*tracks: TrackSample) -> UplinkSample:
    return UplinkSample("connected", 0.0, tracks or (SOUND, VIDEO))


def test_a_good_link_has_four_bars() -> None:
    uplink, downlink = Uplink(), Downlink()
    for second in range(5):
        assert (uplink.take(up(), second).level, downlink.take(DOWN, second, uplink=4).level) == (4, 4)


def test_one_burst_is_an_accident_and_two_are_none() -> None:
    uplink = Uplink()
    burst = attrs.evolve(SOUND, packets=35, lost=15)
    seen = [uplink.take(up(sample), at).seen for at, sample in enumerate([SOUND, burst, SOUND, SOUND, SOUND, SOUND])]
    assert seen == [None] * 6
    assert [uplink.take(up(burst), at).seen for at in (6, 7)] == [None, "severe"]


def test_loss_is_graded() -> None:
    for lost, level, seen in ((1, 4, None), (2, 3, None), (4, 2, "mild"), (10, 1, "severe")):
        uplink = Uplink()
        sample = attrs.evolve(SOUND, packets=50 - lost, lost=lost)
        verdict = [uplink.take(up(sample), second) for second in range(3)][-1]
        assert (verdict.level, verdict.seen) == (level, seen), lost
        assert verdict.figures["loss"] == (lost / 50 if level < 4 else 0)


def test_a_clock_that_jumps_delays_one_stream_alone_and_is_nobodys_network() -> None:
    uplink = Uplink()
    late = attrs.evolve(SOUND, delay=0.8)
    assert [uplink.take(up(late, VIDEO), second).level for second in range(3)] == [4, 4, 4]
    both = up(late, attrs.evolve(VIDEO, delay=0.9))
    assert [uplink.take(both, second).seen for second in (3, 4)] == [None, "mild"]


def test_of_a_leg_on_which_nothing_flows_nothing_is_known() -> None:
    silent = attrs.evolve(SOUND, packets=0, expected=0)
    assert Uplink().take(up(silent), 0).level is None


def test_layers_that_stay_away_are_no_reason() -> None:
    uplink = Uplink()
    verdict = uplink.take(up(attrs.evolve(VIDEO, lacking=True)), 0)
    assert (verdict.level, verdict.seen, verdict.lingers) == (3, None, False)


def test_layers_that_stay_away_after_a_strain_are_for_want_of_bandwidth() -> None:
    uplink = Uplink()
    burst = up(SOUND, attrs.evolve(VIDEO, packets=100, lost=50))
    assert uplink.take(burst, 0).seen is None, "an accident"
    lacking = up(attrs.evolve(VIDEO, lacking=True))
    assert [uplink.take(lacking, second).seen for second in range(1, 9)] == ["mild"] * 6 + [None] * 2
    assert [uplink.take(lacking, second).lingers for second in (9, 15, 16)] == [True, True, False]


def test_reports_come_by_the_other_way_which_may_be_the_slow_one() -> None:
    late = attrs.evolve(DOWN, round_trip=1.8)
    downlink = Downlink()
    assert [downlink.take(late, second, uplink=2).seen for second in range(3)] == [None] * 3
    downlink.clear()
    assert [downlink.take(late, second, uplink=4).seen for second in range(3)] == [None, "severe", "severe"]


def test_whoever_is_sent_something_and_reports_nothing_gets_nothing() -> None:
    downlink = Downlink()
    nothing = attrs.evolve(DOWN, expected=0)
    downlink.take(DOWN, 0, uplink=4)
    seen = [downlink.take(nothing, second, uplink=4).seen for second in range(1, 9)]
    assert seen.index("severe") + 1 == STALLED
    downlink.clear()
    silence = attrs.evolve(nothing, bitrate=0.0)
    assert {downlink.take(silence, second, uplink=4).seen for second in range(9, 30)} == {None}


def test_a_listener_who_reports_every_five_seconds_is_believed_at_once() -> None:
    downlink = Downlink()
    good, bad = attrs.evolve(DOWN, expected=250), attrs.evolve(DOWN, expected=250, lost=40)
    assert [downlink.take(good, at, uplink=None).seen for at in (0, 5)] == [None, None]
    assert downlink.take(bad, 10, uplink=None).seen == "mild"


def test_one_burst_is_an_accident_on_the_way_to_someone_too() -> None:
    downlink = Downlink()
    bad = attrs.evolve(DOWN, expected=250, lost=40)
    seen = [downlink.take(sample, at, uplink=4).seen for at, sample in enumerate([DOWN, DOWN, bad, DOWN, DOWN, DOWN])]
    assert seen == [None] * 6


def test_an_estimate_that_falls_below_what_is_sent_says_it_before_anything_is_lost() -> None:
    downlink = Downlink()
    fallen = attrs.evolve(DOWN, estimate=100_000.0, unhurt=0.5, lowered=True)
    assert [downlink.take(fallen, second, uplink=4).seen for second in (0, 1)] == [None, "mild"]
    explained = attrs.evolve(fallen, unhurt=9.0)
    assert downlink.take(explained, 2, uplink=4).seen is None


def test_pictures_that_are_not_sent_for_want_of_bandwidth_say_whose_link_it_is() -> None:
    for paused, seen in ((0, None), (1, "mild"), (2, "severe")):
        sample = attrs.evolve(DOWN, pictures=4, paused=paused, unhurt=3.0)
        assert Downlink().take(sample, 0, uplink=4).seen == seen
        assert Downlink().take(attrs.evolve(sample, unhurt=13.0), 0, uplink=4).seen is None, "we have not tried again"
