from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.worker.choice import Decoders
from media.worker.codecs import AV1, H264, VP8, VP9, Codec

ALL = (VP8, VP9, H264, AV1)
codecs = st.frozensets(st.sampled_from(ALL))


def test_the_preference_counts_where_everyone_can_decode() -> None:
    assert Decoders((VP9, VP8)).choose({VP8, VP9, AV1}, None) == VP9
    assert Decoders((VP8, VP9), [{VP8, VP9}]).choose({VP8, VP9}, None) == VP8
    assert Decoders((AV1, VP9, VP8), [{VP8, VP9, AV1}, {VP9, VP8}]).choose({AV1, VP9, VP8}, None) == VP9


def test_what_not_all_can_decode_is_sent_only_where_nothing_else_is() -> None:
    room = [{VP8, VP9}, {VP8, VP9}, {VP8, H264}, {H264}]
    assert Decoders((VP9, H264), room).choose({VP9, H264}, None) == VP9
    assert Decoders((VP9, H264), [*room, {H264}]).choose({VP9, H264}, None) == H264
    assert Decoders((VP9, H264), room).choose({VP8}, None) is None


def test_what_one_sends_one_need_not_decode() -> None:
    assert Decoders((VP9, VP8), [{VP8}, {VP8, VP9}]).choose({VP8, VP9}, None, {VP8}) == VP9
    assert Decoders((VP9, VP8), [{VP8}, {VP8, VP9}]).choose({VP8, VP9}, None, {VP8, VP9}) == VP8


def test_a_codec_stays_while_it_is_no_worse() -> None:
    assert Decoders((VP9, VP8), [{VP8, VP9}]).choose({VP8, VP9}, VP8) == VP8
    assert Decoders((VP9, VP8), [{VP9}]).choose({VP8, VP9}, VP8) == VP9


@given(st.permutations(ALL), st.lists(codecs), codecs, st.sampled_from([None, *ALL]))
def test_nobody_is_left_out_who_need_not_be(
    preference: list[Codec], room: list[frozenset[Codec]], offered: frozenset[Codec], current: Codec | None
) -> None:
    chosen = Decoders(preference, room).choose(offered, current)
    if not offered:
        assert chosen is None
        return
    assert chosen in offered
    reached = {codec: sum(codec in decodes for decodes in room) for codec in offered}
    assert reached[chosen] == max(reached.values())
