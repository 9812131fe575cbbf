"""What the log says of a stay: whose it is, in every line."""

from __future__ import annotations

import logging

import pytest
import structlog
import trio
from trio.testing import MockClock

from chatroom.media import LegChanged
from chatroom.room import Room
from tests.chatroom.house import open_house


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


async def test_every_line_about_a_stay_says_whose_it_is(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        with structlog.testing.capture_logs() as lines:
            ada = await house.join("Ada")
            epoch = house.room.attendances()[0].epoch
            ada.send("publish", ref="p", sdp="nonsense", tracks={})
            await ada.next("error")
            house.media.attached[epoch].post(LegChanged("publish", "connected"))
            ada.session.ended("connection_lost")
            await trio.testing.wait_all_tasks_blocked()
            again = await house.resume(ada)

            def bug(*_: object) -> None:
                raise RuntimeError("a bug")

            monkeypatch.setattr(Room, "say", bug)
            again.send("chat", text="hello")
            await house.room.empty()
            await trio.testing.wait_all_tasks_blocked()  # the leave comes first, its reason after
        assert [line["event"] for line in lines] == [
            *("joined", "media refused", "leg changed", "socket lost", "resumed", "left", "participant failed")
        ]
        for line in lines:
            assert (line["room"], line["participant"], line["epoch"]) == ("blue", ada.me, epoch), line
        assert lines[-2]["reason"] == "failed"


async def test_a_session_knows_whose_it_is_once_somebody_is_let_in(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        page = house.connect()
        assert page.session.about == {}
        ada = await house.join("Ada")
        assert ada.session.about == {"room": "blue", "participant": ada.me, "epoch": 1}
        again = await house.resume(ada)
        assert again.session.about == ada.session.about
