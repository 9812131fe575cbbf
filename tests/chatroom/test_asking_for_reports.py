"""A page is asked for a report by whoever searches for a fault, and is not waited for longer than that."""

from __future__ import annotations

from typing import Any

import trio
import trio.testing

from chatroom.attendance import REPORT_AGE
from tests.chatroom.house import open_house

SAID: dict[str, Any] = {
    "microphone": {"state": "live", "level": -30.0},
    "camera": {"state": "off", "level": None},
    "sound": "playing",
    "publish": "connected",
    "subscribe": "none",
    "playing": {},
}


async def test_a_page_is_asked_and_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    async with open_house() as house:
        ada = house.live(await house.join("Ada"))
        stay = house.room.find(house.room.participants[0].id)
        assert stay is not None

        async def answer() -> None:
            await ada.next("report_wanted")
            await trio.sleep(0.3)
            ada.send("report", **SAID)

        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            await stay.ask_report(5.0)
        assert trio.current_time() - began == 0.3
        assert stay.report is not None
        assert stay.report.microphone.level == -30.0

        await stay.ask_report(5.0)
        assert trio.current_time() - began == 0.3, "what was said a moment ago is good enough"
        await trio.sleep(REPORT_AGE)
        began = trio.current_time()
        await stay.ask_report(1.2)
        assert trio.current_time() - began == 1.2, "who does not answer is not waited for any longer"
        assert house.room.find("nobody") is None


async def test_many_may_wait_for_one_report(autojump_clock: trio.testing.MockClock) -> None:
    async with open_house() as house:
        ada = house.live(await house.join("Ada"))
        stay = house.room.find(ada.me)
        assert stay is not None
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(stay.ask_report, 5.0)
            await ada.next("report_wanted")
            ada.send("report", **SAID)
        assert trio.current_time() == began
