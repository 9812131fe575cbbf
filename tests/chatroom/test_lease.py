"""The lease: by its table, at its borders, and against a picture of it that remembers everything."""

from __future__ import annotations

import itertools
from math import inf
from typing import get_args

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatroom.lease import TRANSITIONS, Lease, State, Terms, Verdict
from tests.chatroom.picture import Picture

TERMS = Terms()
#: All times in the generated tests are multiples of this, so that sums of them are exact.
TICK = 0.25


def test_the_table_is_complete_and_whoever_left_does_not_come_back() -> None:
    assert set(TRANSITIONS) == set(itertools.product(get_args(State), get_args(Verdict)))
    assert {TRANSITIONS["left", verdict] for verdict in get_args(Verdict)} == {"left"}
    follows: dict[Verdict, State] = {"alive": "present", "silent": "reconnecting", "gone": "left"}
    for (state, verdict), then in TRANSITIONS.items():
        assert then == ("left" if state == "left" else follows[verdict])


def _heard(socket: float | None = None, media: float | None = None, lost: float | None = None) -> Lease:
    lease = Lease(TERMS, 0)
    if socket is not None:
        lease.socket_heard(socket)
    if media is not None:
        lease.media_heard(media)
    if lost is not None:
        lease.socket_lost(lost)
    return lease


@pytest.mark.parametrize(
    ("heard", "reconnecting", "left"),
    [
        # Silence of both, counted from whoever was heard last.
        ({}, 4.5, 11.5),
        ({"socket": 10.0}, 14.5, 21.5),
        ({"media": 10.0}, 14.5, 21.5),
        ({"socket": 10.0, "media": 12.0}, 16.5, 23.5),
        ({"socket": 12.0, "media": 10.0}, 16.5, 23.5),
        # A lost socket is said after a grace; the end is counted from what was heard, and not from the loss.
        ({"socket": 10.0, "lost": 10.0}, 10.75, 21.5),
        ({"socket": 8.0, "lost": 10.0}, 10.75, 19.5),
        ({"socket": 10.0, "media": 9.5, "lost": 10.0}, 10.75, 21.5),
        # Packets that were on their way when it was lost prove nothing, later ones do.
        ({"socket": 10.0, "media": 10.25, "lost": 10.0}, 10.75, 21.75),
        ({"socket": 10.0, "media": 10.5, "lost": 10.0}, 15.0, 22.0),
        # A silence that lasted when the socket was lost is not ended by the loss.
        ({"socket": 10.0, "lost": 14.25}, 14.5, 21.5),
        ({"socket": 10.0, "media": 10.5, "lost": 14.5}, 15.0, 22.0),
        # Without a socket nobody stays for longer than that, whatever is heard.
        ({"socket": 1.0, "media": 60.5, "lost": 1.0}, 61.0, 61.0),
        ({"socket": 1.0, "media": 56.0, "lost": 1.0}, 60.5, 61.0),
    ],
)
def test_where_the_borders_are(heard: dict[str, float], reconnecting: float, left: float) -> None:
    begin = max(heard.values(), default=0.0)
    last = TICK / 1024
    for at, state in (
        (begin, "present"),
        (reconnecting - last, "present"),
        (reconnecting, "reconnecting" if reconnecting < left else "left"),
        (left - last, "reconnecting" if reconnecting < left else "present"),
        (left, "left"),
        (left + 1000, "left"),
    ):
        lease = _heard(**heard)
        assert lease.look(at) == state, at
        due = {"present": min(reconnecting, left), "reconnecting": left, "left": inf}[state]
        assert lease.due == due, at


def test_the_loss_of_a_socket_does_not_bring_anybody_back() -> None:
    lease = _heard()
    assert lease.look(4.5) == "reconnecting"
    lease.socket_lost(4.6)
    assert lease.look(4.6) == "reconnecting"
    assert lease.due == 11.5


def test_evidence_that_comes_late_shows_that_someone_stayed_and_brings_nobody_back() -> None:
    lease = _heard(lost=0)
    assert lease.look(5) == "reconnecting"
    lease.media_heard(0.4)  # 4.6 s ago: as silent as before
    assert lease.look(5) == "reconnecting"
    assert lease.due == 11.9
    lease.media_heard(0.3)  # older still, and told later
    assert lease.due == 11.9
    lease.media_heard(4.9)
    assert lease.look(5) == "present"
    assert lease.look(20) == "left"
    lease.media_heard(19.9)
    lease.resumed(20)
    assert lease.look(20) == "left"
    assert lease.due == inf


def test_a_connection_that_comes_and_goes_is_told_each_time_it_lasts_and_is_not_counted_out() -> None:
    lease, now = Lease(TERMS, 0), 0.0
    for away in (0.5, 2.0, 0.5, 11.0, 0.5) * 10:
        lease.socket_lost(now)
        assert lease.look(now) == "present"
        now += away
        assert lease.look(now) == ("reconnecting" if away >= TERMS.grace else "present")
        lease.resumed(now)
        assert lease.look(now) == "present"
        now += 0.25
    assert lease.look(now + 11.25) == "left"


def test_the_time_without_a_socket_begins_anew_with_each_loss() -> None:
    lease = Lease(TERMS, 0)
    for start in (0.0, 59.0, 118.0):
        lease.socket_lost(start)
        lease.media_heard(start + 58)
        assert lease.look(start + 58.5) == "present"
        lease.resumed(start + 58.5)
        assert lease.look(start + 58.5) == "present"


@pytest.mark.parametrize(
    "terms",
    [
        *({name: bad} for name in (a.name for a in attrs.fields(Terms)) for bad in (0.0, -1.0, float("nan"))),
        {"reconnecting_after": 3.0, "left_after": 3.0},
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Terms(**terms)


_ticks = st.integers(1, 400).map(lambda n: n * TICK)
_terms = st.builds(
    lambda silent, more, grace, echo, socketless: Terms(
        reconnecting_after=silent, left_after=silent + more, grace=grace, echo=echo, socketless=socketless
    ),
    *(st.integers(1, most).map(lambda n: n * TICK) for most in (20, 30, 6, 3, 100)),
)
#: What happens, how much time passes before it, and how late it is told.
_story = st.lists(
    st.tuples(st.sampled_from(["socket", "media", "lost", "resumed", "look"]), st.integers(0, 60), st.integers(0, 60)),
    max_size=30,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(terms=st.just(TERMS) | _terms, story=_story)
def test_a_lease_is_its_picture_and_is_due_when_anything_changes(
    terms: Terms, story: list[tuple[str, int, int]]
) -> None:
    lease, picture, now = Lease(terms, 0), Picture(terms), 0.0
    rested = Lease(terms, 0)  # looked at only when it is due, or told something
    for what, ticks, late in [*story, ("look", 200, 0)]:
        for _ in range(ticks):
            now += TICK
            assert lease.look(now) == picture.look(now)
            if now >= rested.due:
                rested.look(now)
            assert rested.state == lease.state
        at = max(0.0, now - late * TICK)
        match what:
            case "socket" if picture.lost is None:
                picture.evidence.append(now)
                for each in (lease, rested):
                    each.socket_heard(now)
            case "media":
                picture.evidence.append(at)
                picture.media.append(at)
                for each in (lease, rested):
                    each.media_heard(at)
            case "lost" if picture.lost is None:
                picture.lost = now
                for each in (lease, rested):
                    each.socket_lost(now)
            case "resumed":
                picture.lost = None
                picture.evidence.append(now)
                for each in (lease, rested):
                    each.resumed(now)
        assert lease.look(now) == rested.look(now) == picture.look(now)
        assert lease.due > now


def test_time_in_which_nobody_listened_is_nobodys_silence() -> None:
    lease = Lease(Terms(), 0.0)
    lease.excuse(20.0, until=22.0)
    assert lease.look(20.0) == "present"
    assert lease.look(20.0 + Terms().reconnecting_after) == "reconnecting"
    lost = Lease(Terms(), 0.0)
    lost.socket_lost(1.0)
    lost.excuse(20.0, until=21.5)
    assert lost.look(21.0) == "present"
    assert lost.look(21.0 + Terms().grace) == "reconnecting"


def test_nobody_is_missed_before_what_came_meanwhile_is_heard() -> None:
    for silence, before in ((4.4, "present"), (11.4, "reconnecting")):
        lease = Lease(Terms(), 0.0)
        assert lease.look(silence) == before
        lease.excuse(20.0, until=silence + 22.0)
        assert lease.look(silence + 21.9) == before
        assert lease.due == silence + 22.0
        assert lease.look(lease.due) == ("reconnecting" if before == "present" else "left")


def test_time_in_which_nobody_listened_brings_nobody_back() -> None:
    lease = Lease(Terms(), 0.0)
    assert lease.look(5.0) == "reconnecting"
    lease.excuse(20.0, until=27.0)
    assert lease.look(25.0) == "reconnecting"
    lease.media_heard(24.5)
    assert lease.look(25.0) == "present"


def test_whoever_is_heard_no_more_leaves_however_often_nobody_listens() -> None:
    lease, now = Lease(Terms(), 0.0), 0.0
    while lease.look(now) != "left":
        now += 4.0
        lease.excuse(2.0, until=now + 2.0)
        assert now < 3 * Terms().left_after
