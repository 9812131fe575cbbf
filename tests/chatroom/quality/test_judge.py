"""The judge holds whatever it is told: problems begin and end in turn, and none outlives whom it is about."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chatroom.commands import Report
from chatroom.media import LegChanged, MediaLost, MediaRestored, VideoPaused
from chatroom.model import Participant
from chatroom.quality.events import Joined, Left, QualityEvent, Trouble
from chatroom.quality.inputs import Came, Changed, Input, MediaSaid, Reported, Sampled, Went
from chatroom.quality.judge import Judge
from chatroom.quality.samples import DownlinkSample, TrackSample, UplinkSample
from chatroom.quality.watched import Moment
from chatroom.reports import Capture, Playing

EPOCHS = st.integers(1, 5)
ROOMS = st.sampled_from(["blue", "green"])
SMALL = st.sampled_from([0, 1, 5, 20, 50, 300])
SECONDS = st.sampled_from([0.0, 0.01, 0.2, 0.5, 1.0, 4.0, 9.0])
STATES = st.sampled_from(["connecting", "connected", "connected", "connected", "failed", "closed"])
IDS = st.sampled_from(["p1", "p2", "p3", "p4", "p5"])


@st.composite
def persons(draw: st.DrawFn) -> Participant:
    epoch = draw(EPOCHS)
    connection: Any = draw(st.sampled_from(["present", "present", "reconnecting"]))
    return Participant(f"p{epoch}", epoch, "P", draw(st.booleans()), draw(st.booleans()), 0.0, connection)


tracks = st.builds(
    TrackSample,
    source=st.sampled_from(["microphone", "camera", "screen:1"]),
    packets=SMALL,
    octets=SMALL,
    expected=SMALL,
    lost=SMALL,
    recovered=SMALL,
    pictures=SMALL,
    jitter=SECONDS,
    delay=SECONDS,
    level=st.sampled_from([None, 0, 30, 127]),
    wanted=st.booleans(),
    lacking=st.booleans(),
)
uplinks = st.builds(UplinkSample, STATES, st.none() | SECONDS, st.lists(tracks, max_size=3))
downlinks = st.builds(
    DownlinkSample,
    state=STATES,
    quiet=st.none() | SECONDS,
    bitrate=st.sampled_from([0.0, 1e6]),
    expected=SMALL,
    lost=SMALL,
    round_trip=st.none() | SECONDS,
    estimate=st.none(),
    budget=st.none(),
    unhurt=st.none() | SECONDS,
    pictures=st.integers(0, 3),
    paused=st.integers(0, 3),
    lowered=st.booleans(),
    unsent=st.lists(IDS, max_size=2),
)
captures = st.builds(
    Capture, st.sampled_from(["live", "off", "muted", "ended"]), st.sampled_from([None, -20.0, -100.0])
)
reports = st.builds(
    Report,
    microphone=captures,
    camera=captures,
    sound=st.sampled_from(["playing", "blocked", "off"]),
    publish=st.sampled_from(["connected", "disconnected"]),
    subscribe=st.sampled_from(["connected", "failed"]),
    playing=st.dictionaries(IDS, st.builds(Playing, seconds=SECONDS, packets=st.none() | SMALL)),
    talking=st.booleans(),
    hidden=st.booleans(),
)


def named(cls: Any, **more: Any) -> st.SearchStrategy[Any]:
    return EPOCHS.flatmap(lambda epoch: st.builds(cls, ROOMS, st.just(f"p{epoch}"), st.just(epoch), **more))


inputs: st.SearchStrategy[Input] = st.one_of(
    st.builds(Came, ROOMS, persons()),
    st.builds(Changed, ROOMS, persons()),
    named(Went, reason=st.just("left")),
    named(Reported, report=reports),
    named(
        Sampled,
        worker=st.sampled_from(["worker:0", "worker:1"]),
        seconds=st.just(1.0),
        late=SECONDS,
        unsent=SMALL,
        uplink=st.none() | uplinks,
        downlink=st.none() | downlinks,
    ),
    named(
        MediaSaid,
        event=st.sampled_from(
            [LegChanged("publish", "connected"), MediaLost(), MediaRestored(), VideoPaused("p1", "camera", "layout")]
        ),
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(inputs, st.sampled_from([0.0, 0.3, 1.0, 20.0])), max_size=60))
def test_problems_begin_and_end_in_turn_and_none_outlives_its_person(script: list[tuple[Input, float]]) -> None:
    judge, now = Judge(), 100.0
    there: dict[tuple[str, int], str] = {}
    open_problems: set[tuple[Any, ...]] = set()

    def follow(events: Any) -> None:
        each: QualityEvent
        for each in events:
            assert each.at <= 1e9 + now
            match each:
                case Trouble():
                    key = (each.room, each.epoch, each.kind, each.direction, each.source)
                    assert each.since <= each.at
                    if each.over:
                        open_problems.remove(key)
                    else:
                        open_problems.add(key)
                        assert each.epoch is None or (each.room, each.epoch) in there
                case Joined():
                    there[each.room, each.person.epoch] = each.person.id
                case Left():
                    assert each.epoch is not None
                    del there[each.room, each.epoch]
                    assert not [key for key in open_problems if key[:2] == (each.room, each.epoch)]

    for said, seconds in script:
        if isinstance(said, Came) and (said.room, said.person.epoch) in there:
            continue  # an epoch is drawn once
        follow(judge.take(said, Moment(now, 1e9 + now)))
        while seconds > 0:
            now, seconds = now + min(0.5, seconds), seconds - 0.5
            follow(judge.tick(Moment(now, 1e9 + now), 0.0))
        assert judge.statistics().problems == len(open_problems)
        assert judge.statistics().people == len(there)
    follow(judge.sync({}, Moment(now, 1e9 + now)))
    assert not there
    assert not open_problems
    assert judge.statistics().rooms == 0
