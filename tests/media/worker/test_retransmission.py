from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.worker.retransmission import BURST, FLOOR, MAX_REMEMBERED, SHARE, Retransmissions


def test_a_packet_is_not_sent_again_within_a_round_trip() -> None:
    retransmissions = Retransmissions()
    assert retransmissions.grant(7, 1_000, 1.0, 0.2)
    assert not retransmissions.grant(7, 1_000, 1.19, 0.2)
    assert retransmissions.grant(8, 1_000, 1.19, 0.2)
    assert retransmissions.grant(7, 1_000, 1.21, 0.2)
    assert not retransmissions.grant(7, 1_000, 1.22, 0.0), "a round trip of nothing is not believed"
    assert retransmissions.statistics().too_soon == 2


@given(st.lists(st.tuples(st.integers(0, 50_000), st.integers(0, 300), st.integers(0, 400)), max_size=40))
def test_all_together_stays_within_a_share_of_what_is_sent(steps: list[tuple[int, int, int]]) -> None:
    retransmissions, octets, now, granted, sequence = Retransmissions(), 0, 0.0, 0, 0
    for sent, wait, asked in steps:
        octets += sent
        now += wait / 1000
        retransmissions.earn(octets, now)
        for _ in range(asked):
            sequence += 1
            if retransmissions.grant(sequence, 1_200, now, 0.1):
                granted += 1_200
    assert granted <= BURST + SHARE * octets + FLOOR * now + 1  # sums of fractions
    figures = retransmissions.statistics()
    assert figures.asked == figures.sent + figures.over_budget
    assert len(retransmissions._sent_at) <= MAX_REMEMBERED
