"""What a log looks like; in a process of its own, because logging is set up once in each."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.worker.logs import LineFormatter
from web.logs import _unfold, split

SCRIPT = """
import logging, sys
import structlog
from web import logs
logs.configure(sys.argv[1], sys.argv[2])
log = structlog.stdlib.get_logger("chatroom.room")
log.debug("not shown")
log.info("joined", room="blue", participant="p1", said="a\\nb")
logging.getLogger("media.worker").warning("%s", "logger=media.worker.udp message=listening port=7")
logging.getLogger("media.worker").warning("%s", "Traceback (most recent call last):")
logging.getLogger("hypercorn.error").info("Running on %s", "x\\ny")
secret = "what people said"
try:
    raise ValueError("a bug")
except ValueError:
    log.exception("failed", room="blue")
"""


def logged(level: str, format: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, level, format], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == ""
    assert "what people said" not in done.stderr.replace('secret = "what people said"', "")
    return done.stderr.splitlines()


def test_json_is_an_object_a_line() -> None:
    events = [json.loads(line) for line in logged("info", "json")]
    assert [(event["event"], event["level"], event["logger"]) for event in events] == [
        ("joined", "info", "chatroom.room"),
        ("listening", "warning", "media.worker.udp"),
        ("Traceback (most recent call last):", "warning", "media.worker"),
        ("Running on x\ny", "info", "hypercorn.error"),
        ("failed", "error", "chatroom.room"),
    ]
    assert (events[0]["room"], events[0]["participant"], events[0]["said"]) == ("blue", "p1", "a\nb")
    assert events[-1]["exception"][0]["exc_type"] == "ValueError"
    assert all("timestamp" in event for event in events)


def test_text_is_a_line_an_event_with_its_figures() -> None:
    lines = logged("info", "text")
    assert "\x1b" not in "".join(lines)
    assert "[info     ] joined " in lines[0]
    assert "participant=p1 room=blue said='a\\nb'" in lines[0]
    assert "[warning  ] listening " in lines[1]
    assert "port=7" in lines[1]
    assert "[media.worker.udp]" in lines[1]
    assert "Running on x\\ny" in lines[3]
    assert lines[-1] == "ValueError: a bug"


def test_what_is_below_the_level_is_not_shown() -> None:
    assert [json.loads(line)["event"] for line in logged("error", "json")] == ["failed"]
    assert json.loads(logged("debug", "json")[0])["event"] == "not shown"


@pytest.mark.parametrize(
    ("said", "event", "pairs"),
    [
        ("joined router='blue' participant=p1 epoch=3", "joined", {"room": "blue", "participant": "p1", "epoch": 3}),
        ("ready port=1 addresses=::1,::2 kernel=yes", "ready", {"port": 1, "addresses": "::1,::2", "kernel": "yes"}),
        ("handshake failed epoch=3 error='it\\'s off'", "handshake failed", {"epoch": 3, "error": "it's off"}),
        ("room='it is' what=", "room='it is' what=", {}),
        ("one=1 and more words", "one=1 and more words", {}),
        ("ended loss=0.3 by=-2 addr=1.2.3.4", "ended", {"loss": 0.3, "by": -2, "addr": "1.2.3.4"}),
        ("nothing to tell", "nothing to tell", {}),
    ],
)
def test_what_a_worker_says_is_split_into_words_and_figures(said: str, event: str, pairs: dict[str, object]) -> None:
    assert split(said) == (event, pairs)


@given(st.text(), st.integers(0, 10**9))
def test_any_name_of_a_room_survives_the_way_from_the_worker(room: str, epoch: int) -> None:
    """And none can pass for another figure, or for another line."""
    about = f"router={room!r} participant=p1 epoch={epoch}"
    record = logging.LogRecord("media.worker.router", logging.INFO, "", 0, "left %s", (about,), None)
    line = LineFormatter().format(record)
    assert len(line.splitlines()) == 1 or not room.isprintable()
    head, _, told = line.partition("level=info ")
    assert head.startswith("time=")
    event = _unfold(None, "", {"logger": "media.worker", "event": told})
    assert event == {
        "logger": "media.worker.router",
        "event": "left",
        "room": room,
        "participant": "p1",
        "epoch": epoch,
    }
