from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.errors import UserError
from chatroom.names import message_text, person_name, room_name


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("blue", "blue"),
        ("Blue-Room_7", "blue-room_7"),
        ("Ｂｌｕｅ", "blue"),
        ("комната", "комната"),
        ("बैठक", "बैठक"),
        ("a" * 64, "a" * 64),
    ],
)
def test_a_room_name_has_one_form(text: str, canonical: str) -> None:
    assert room_name(text) == canonical


@pytest.mark.parametrize("text", ["", "a" * 65, "../etc", "a b", "a/b", "a\0", "<b>", "a.b", "a\u202eb", "ﷺ" * 10])
def test_other_room_names_are_refused(text: str) -> None:
    with pytest.raises(UserError) as caught:
        room_name(text)
    assert caught.value.code == "invalid_room"


@given(st.text(max_size=80))
def test_a_canonical_room_name_stays_as_it_is(text: str) -> None:
    try:
        name = room_name(text)
    except UserError:
        return
    assert room_name(name) == name
    assert "/" not in name
    assert "." not in name


@pytest.mark.parametrize(
    ("text", "name"), [("  Ada ", "Ada"), ("<script>", "<script>"), ("李雷", "李雷"), ("👩‍🚀", "👩‍🚀")]
)
def test_a_person_is_called_what_they_like(text: str, name: str) -> None:
    assert person_name(text) == name


@pytest.mark.parametrize("text", ["", "  ", "a" * 65, "a\nb", "a\0b", "a\u202eb", "\u200b", "a\ud800", "a" * 10_000])
def test_other_names_are_refused(text: str) -> None:
    with pytest.raises(UserError) as caught:
        person_name(text)
    assert caught.value.code == "invalid_name"


def test_a_message_keeps_its_lines_and_tabs() -> None:
    assert message_text(" one\r\n\ttwo ") == "one\n\ttwo"


@pytest.mark.parametrize("text", ["", " \n ", "a" * 2_001, "a\0", "a\x1b[31m", "\u2066x", "\udfff"])
def test_other_messages_are_refused(text: str) -> None:
    with pytest.raises(UserError) as caught:
        message_text(text)
    assert caught.value.code == "invalid_text"
