from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.commands import COMMANDS, Chat, Join, Publish, Report, Resume, Update
from chatroom.errors import ProtocolError, UserError
from chatroom.events import Ok, ParticipantLeft
from chatroom.reports import Capture, Playing
from chatroom.wire import InvalidCommand, decode, encode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def test_a_command_is_read() -> None:
    frame = '{"type":"join","room":"blue","name":"Ada","microphone":true,"camera":false,"ref":"1","later":"ignored"}'
    assert decode(frame) == Join(room="blue", name="Ada", microphone=True, camera=False, ref="1")
    assert decode('{"type":"update","camera":false}') == Update(camera=False)
    assert decode('{"type":"publish","sdp":"v=0","tracks":{"0":"camera"}}') == Publish(
        sdp="v=0", tracks={"0": "camera"}
    )
    assert decode('{"type":"update","screens":[2,1]}') == Update(screens=(2, 1))


REPORT: dict[str, Any] = {
    "type": "report",
    "microphone": {"state": "live", "level": -31.5},
    "camera": {"state": "denied"},
    "sound": "playing",
    "publish": "connected",
    "subscribe": "none",
    "playing": {"p1": {"seconds": 5, "packets": 250, "concealed": 0.01}},
}


def test_a_report_is_read() -> None:
    assert decode(json.dumps(REPORT)) == Report(
        microphone=Capture("live", -31.5),
        camera=Capture("denied"),
        sound="playing",
        publish="connected",
        subscribe="none",
        playing={"p1": Playing(5.0, packets=250, concealed=0.01)},
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"microphone": {"state": "broken"}},
        {"microphone": {"state": ["live"]}},
        {"microphone": {"state": "live", "level": True}},
        {"microphone": {"state": "live", "level": math.inf}},
        {"microphone": {"state": "live", "level": 10**400}},
        {"camera": "live"},
        {"sound": 1},
        {"publish": "well"},
        {"playing": []},
        {"playing": {"p1": {}}},
        {"playing": {"p1": {"seconds": 1, "frames": 1.5}}},
    ],
)
def test_a_report_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="“report” needs"):
        decode(json.dumps(REPORT | fields))


def test_a_screen_without_a_number_is_the_first() -> None:
    frame = '{"type":"publish","sdp":"v=0","tracks":{"2":"screen","3":"screen_sound","4":"screen:9"}}'
    assert decode(frame) == Publish(sdp="v=0", tracks={"2": "screen:1", "3": "screen_sound:1", "4": "screen:9"})


def test_a_token_is_not_written_where_a_command_or_its_answer_is() -> None:
    frame = '{"type":"resume","room":"blue","token":"hush","seq":3,"microphone":true,"camera":true}'
    command = decode(frame)
    assert command == Resume(room="blue", token="hush", seq=3, microphone=True, camera=True)
    assert "hush" not in repr(command)


@pytest.mark.parametrize(
    "frame", ["", "{", "[]", "3", "null", '"chat"', "{}", '{"type":3}', '{"type":null}', "[" * 9_999]
)
def test_what_is_no_command_closes_the_socket(frame: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(frame)
    assert caught.value.close_code == 1007


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"type": "dance"}, "no such command"),
        ({"type": "chat"}, "text: string"),
        ({"type": "chat", "text": 3}, "text: string"),
        ({"type": "chat", "text": None}, "text: string"),
        ({"type": "update", "camera": 1}, "camera: boolean (optional)"),
        ({"type": "answer", "offer": True, "sdp": "v=0"}, "offer: integer"),
        ({"type": "answer", "offer": "1", "sdp": "v=0"}, "offer: integer"),
        ({"type": "publish", "sdp": "v=0", "tracks": {"0": "screen:0"}}, "tracks: object"),
        ({"type": "publish", "sdp": "v=0", "tracks": {"0": "screen:10"}}, "tracks: object"),
        ({"type": "publish", "sdp": "v=0", "tracks": {"0": ["screen"]}}, "tracks: object"),
        ({"type": "update", "screens": 1}, "screens: list of integers (optional)"),
        ({"type": "update", "screens": {}}, "screens: list of integers (optional)"),
        ({"type": "update", "screens": [True]}, "screens: list of integers (optional)"),
        ({"type": "update", "screens": ["1"]}, "screens: list of integers (optional)"),
        ({"type": "publish", "sdp": "v=0", "tracks": []}, "tracks: object"),
        ({"type": "publish", "sdp": "v=0", "tracks": "camera"}, "tracks: object"),
    ],
)
def test_a_command_with_wrong_fields_is_refused_in_words(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidCommand) as caught:
        decode(json.dumps({**fields, "ref": "r1"}))
    assert caught.value.code == "invalid_command"
    assert caught.value.ref == "r1"
    assert words in caught.value.message


@pytest.mark.parametrize("ref", [3, "", "x" * 33, ["a"], {}, "a\nb"])
def test_a_ref_that_cannot_be_used_is_refused(ref: object) -> None:
    with pytest.raises(InvalidCommand) as caught:
        decode(json.dumps({"type": "chat", "text": "hi", "ref": ref}))
    assert caught.value.ref is None


@given(st.text(max_size=100))
def test_any_text_is_read_or_refused(frame: str) -> None:
    with contextlib.suppress(ProtocolError, UserError):
        decode(frame)


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from([*COMMANDS, "x"])},
        optional={
            name: JSON | st.text() | st.booleans()
            for name in ("room", "name", "microphone", "camera", "screens", "text", "sdp", "tracks", "offer", "ref")
        },
    )
)
def test_any_object_is_read_or_refused(data: dict[str, Any]) -> None:
    try:
        command = decode(json.dumps(data))
    except (ProtocolError, UserError):
        return
    assert command.type == data["type"]


def test_an_event_is_written() -> None:
    assert json.loads(encode(ParticipantLeft(3, "p1", "Ada", "tab_closed")).text) == {
        "type": "participant_left",
        "seq": 3,
        "id": "p1",
        "name": "Ada",
        "reason": "tab_closed",
    }
    assert encode(Ok("é")).text == '{"type":"ok","ref":"é"}'


def test_the_documented_example_of_chat_is_read() -> None:
    assert decode('{"type":"chat","text":"hello"}') == Chat(text="hello")


@pytest.mark.parametrize("field", ["text", "ref", "later"])
def test_half_a_character_is_refused_wherever_it_stands(field: str) -> None:
    fields = {"type": "chat", "text": "hi", field: "a\ud83d"}
    with pytest.raises(InvalidCommand):
        decode(json.dumps(fields))
    assert decode(json.dumps({"type": "chat", "text": "👋"})) == Chat(text="👋")
