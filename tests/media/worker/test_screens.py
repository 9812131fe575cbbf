"""Screens and their sound, beside cameras and microphones: in the worker, and through a real one."""

from __future__ import annotations

import asyncio
import re

import pytest

from media.messages import Answer, Layout, Publish, Source, TrackInfo, VideoPaused, structure_result
from media.worker.codecs import STEREO
from tests.media.worker.harness import RunningWorker, ready_worker
from tests.media.worker.in_memory import MemoryWorker, play
from tests.media.worker.peer import Peer

BOTH = {"0": "audio", "1": "video"}
MICROPHONE: dict[str, Source] = {"0": "microphone", "1": "camera"}
FOUR = {**BOTH, "2": "video", "3": "audio"}
SHARING: dict[str, Source] = {**MICROPHONE, "2": "screen:1", "3": "screen_sound:1"}


def fmtp(sdp: str) -> list[str]:
    """What the lines of Opus say, one for each m-line of sound."""
    return re.findall(r"a=fmtp:\d+ (minptime.*)\r", sdp)


def memory_publish(memory: MemoryWorker, peer: Peer, tracks: dict[str, str], sources: dict[str, Source]) -> str:
    result = memory.worker.handle(Publish("room", "alice", 1, peer.offer(tracks), sources))
    assert isinstance(result, Answer)
    return result.sdp


def test_a_screen_is_offered_with_its_name_and_its_sound_in_stereo() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", BOTH)
        await memory.subscriber("bob")
        answer = memory_publish(memory, alice, FOUR, SHARING)
        assert fmtp(answer) == ["minptime=10;useinbandfec=1", STEREO.parameters]
        offer = memory.offer("bob")
        assert sorted(offer.tracks.values(), key=repr) == sorted(
            (TrackInfo("alice", source) for source in SHARING.values()), key=repr
        )
        assert fmtp(offer.sdp) == ["minptime=10;useinbandfec=1", STEREO.parameters]
        # What is in step is of one stream: the voice with the face, the screen with its sound.
        assert re.findall(r"a=msid:(\S+)", offer.sdp) == ["alice", "alice", "alice-screen-1", "alice-screen-1"]

    play(scenario)


def test_a_screen_has_a_tile_of_its_own() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", BOTH)
        await memory.subscriber("bob")
        memory_publish(memory, alice, FOUR, SHARING)
        memory.events.clear()
        memory.worker.handle(Layout("room", "bob", 1, {"alice/screen:1": 720}))
        memory.worker.handle(Layout("room", "bob", 1, {"alice": 90, "alice/screen:2": 720}))
        paused = [event.source for event in memory.events if isinstance(event, VideoPaused)]
        assert paused == ["camera", "screen:1"]

    play(scenario)


async def share(worker: RunningWorker, peer: Peer, tracks: dict[str, str], sources: dict[str, Source]) -> str:
    frame = await worker.ask(Publish("room", "alice", 1, peer.offer(tracks), sources))
    return structure_result(frame.result, Answer).sdp


@pytest.mark.process
def test_a_screen_comes_and_goes_while_the_camera_goes_on() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            alice = await worker.publisher("alice", BOTH)
            await worker.join("bob")
            bob, first = await worker.subscriber("bob")
            of = {source.source: mid for mid, source in first.tracks.items()}

            async def sent(mid: str, kind: str) -> int:
                """Send until there is something of it, and return the SSRC it has at bob's."""
                before = len(bob.packets)
                alice.send_frame(mid, key=True)
                await bob.until(lambda: len(bob.packets) > before)
                assert bob.packets[-1].payload_type == {"audio": 111, "video": 96}[kind]
                ssrc: int = bob.packets[-1].ssrc
                return ssrc

            camera = await sent("1", "video")
            await share(worker, alice, FOUR, SHARING)
            offer = await worker.offer("bob")
            await worker.accept(bob, offer)
            names = {track.source: mid for mid, track in offer.tracks.items()}
            assert of.items() <= names.items(), "those that were there are where they were"
            assert names.keys() == {"microphone", "camera", "screen:1", "screen_sound:1"}
            screen, sound = await sent("2", "video"), await sent("3", "audio")
            assert len({camera, screen, sound}) == 3
            assert f"a=ssrc:{screen} " in offer.sdp
            assert await sent("1", "video") == camera

            # The numbers of a screen may change, and then it is another one.
            again: dict[str, Source] = {**MICROPHONE, "2": "screen:7", "3": "screen_sound:7"}
            await share(worker, alice, FOUR, again)
            offer = await worker.offer("bob")
            await worker.accept(bob, offer)
            assert {t.source for t in offer.tracks.values()} == set(again.values())

            await share(worker, alice, {**BOTH, "2": "inactive video", "3": "inactive audio"}, MICROPHONE)
            assert (await worker.statistics()).consumers == 2, "gone at once, before anybody agrees"
            offer = await worker.offer("bob")
            assert {t.source: mid for mid, t in offer.tracks.items()} == of
            assert await sent("1", "video") == camera

    asyncio.run(main())
