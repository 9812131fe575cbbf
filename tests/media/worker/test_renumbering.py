from __future__ import annotations

from media.worker.history import History
from media.worker.renumbering import MAX_SPANS, Renumbering, Span


def test_each_number_has_its_span() -> None:
    first, second = History(), History()
    renumbering = Renumbering()
    assert renumbering.outgoing(1) is None
    assert renumbering.incoming(1) is None
    renumbering.begin(Span(100, 900, 0, 0, 0, first))  # goes out from 1000 on
    renumbering.begin(Span(110, 899, 0, 0, 0, first))  # one was dropped: from 1009 on
    renumbering.begin(Span(50, 970, 0, 0, 0, second))  # another stream: from 1020 on
    assert [
        span.first if (span := renumbering.outgoing(number)) else None for number in (999, 1000, 1008, 1009, 1020)
    ] == [
        None,
        100,
        100,
        110,
        50,
    ]
    assert renumbering.incoming(50) is not None
    assert renumbering.incoming(49) is None, "the streams before have numbers of their own"


def test_a_span_in_which_nothing_went_out_is_replaced() -> None:
    history = History()
    renumbering = Renumbering()
    renumbering.begin(Span(100, 0, 0, 0, 0, history))
    for dropped in range(3):
        renumbering.begin(Span(111 + dropped, -1 - dropped, 0, 0, 0, history))
    assert len(renumbering._spans) == 2
    found = renumbering.outgoing(110)
    assert found is not None
    assert found.first == 113


def test_bounded() -> None:
    history = History()
    renumbering = Renumbering()
    for number in range(3 * MAX_SPANS):
        renumbering.begin(Span(number * 10, -number, 0, 0, 0, history))
    assert len(renumbering._spans) == MAX_SPANS
