"""What judging costs the server: CPU of one second of a room of so many people, from the worker's frame to the notices.

``python -m benchmarks.quality.cost [people]``
"""

from __future__ import annotations

import sys
import time
from typing import Any

import structlog
import trio
import trio.testing

from chatroom.limits import Limits
from chatroom.quality.pipeline import Pipeline
from media.bridge.followers import samples
from media.messages import decode_reply, encode_event
from media.samples import DownlinkSample, ParticipantSample, Samples, TrackSample, UplinkSample
from tests.chatroom.house import open_house

SECONDS = 120


def word(ids: list[str]) -> Samples:
    """What a worker says of these once a second."""
    sound = TrackSample("microphone", 50, 4_000, 50, 0, 0, 0, 0.005, 0.01, 30, wanted=True, lacking=False)
    picture = TrackSample("camera", 300, 300_000, 300, 1, 1, 30, 0.005, 0.01, None, wanted=True, lacking=False)
    up = UplinkSample("connected", 0.01, [sound, picture])
    down = DownlinkSample("connected", 0.2, 9e5, 900, 2, 0.05, 2e6, 2e6, None, 49, 0, lowered=False, unsent=[])
    people = [ParticipantSample(each, number, up, down) for number, each in enumerate(ids, 1)]
    return Samples("blue", 1.0, 0.002, 0, people)


def report(others: list[str]) -> dict[str, Any]:
    """What a page says every five seconds."""
    playing = {"seconds": 5.0, "packets": 250, "level": -30.0, "concealed": 0.01, "frames": 150, "frozen": 0.0}
    return {
        "microphone": {"state": "live", "level": -30.0},
        "camera": {"state": "live", "level": None},
        "sound": "playing",
        "publish": "connected",
        "subscribe": "connected",
        "playing": dict.fromkeys(others, playing),
    }


async def measure(people: int) -> None:
    """Pass the seconds, and print the share of a core that one takes."""
    pipeline = Pipeline(trio.current_time)
    async with open_house(Limits(participants=people), quality=pipeline) as house:
        pages = [house.live(await house.join(f"P{n}")) for n in range(people)]
        said = word([page.me for page in pages])
        frame = encode_event(said)
        began = time.process_time()
        for _ in range(SECONDS):
            encode_event(said)
        encoding = time.process_time() - began
        began = time.process_time()
        for _ in range(SECONDS):
            await trio.sleep(1)
        idle = time.process_time() - began
        began = time.process_time()
        for _ in range(SECONDS):
            decoded = decode_reply(frame)
            assert isinstance(decoded, Samples)
            house.media.sample("blue", samples("worker:0", decoded))
            await trio.sleep(1)
        busy = time.process_time() - began
        began = time.process_time()
        for second in range(SECONDS):
            for page in pages[second % 5 :: 5]:
                page.send("report", **report([other.me for other in pages if other is not page]))
            await trio.sleep(1)
        reporting = time.process_time() - began
    share = {
        "server": busy - idle,
        "server, for the reports of pages": reporting - idle,
        "worker, to write it": encoding,
    }
    print(f"{people} people, {len(frame)} octets a second; % of a core:")
    for who, seconds in share.items():
        print(f"  {who}: {100 * seconds / SECONDS:.2f}")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    trio.run(measure, int((sys.argv[1:] or ["50"])[0]), clock=trio.testing.MockClock(autojump_threshold=0))
