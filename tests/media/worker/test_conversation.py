"""Who speaks is told of a room, is seen before others, and only the loudest are forwarded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from media.messages import SpeakersChanged
from media.worker.codecs import MID_ID, OPUS
from media.worker.conversation import MAX_TOLD, TELL, Conversation
from media.worker.producer import Producer
from media.worker.speakers import INTERVAL
from tests.media.worker.harness import ready_worker
from tests.media.worker.in_memory import MemoryWorker, play
from tests.media.worker.peer import Peer
from tests.media.worker.streams import Sink
from tests.media.worker.test_forwarding import AUDIO

BOTH = {"0": "audio", "1": "video"}
SPEECH, NOISE = 28, 65


def sound(memory: MemoryWorker, levels: Mapping[Peer, int | None], looks: int = 1) -> None:
    """Have sound come in for so many tenths of a second."""
    for _ in range(looks):
        for _ in range(5):
            for peer, level in levels.items():
                peer.send_frame("0", level=level)
        for peer in memory.peers:
            peer.send_check()  # or it is given up after seconds
        memory.tick(INTERVAL)


def said(memory: MemoryWorker) -> list[tuple[list[str], list[str]]]:
    """Take what was said of who speaks."""
    taken = [event for event in memory.events if isinstance(event, SpeakersChanged)]
    memory.events[:] = [event for event in memory.events if event not in taken]
    assert {event.router for event in taken} <= {"room"}
    return [(event.speaking, event.spoke) for event in taken]


def test_who_speaks_is_said_once_of_the_room() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", BOTH)
        bob = await memory.publisher("bob", BOTH)
        sound(memory, {alice: NOISE, bob: NOISE}, 5)
        assert said(memory) == []
        sound(memory, {alice: SPEECH, bob: NOISE}, 20)
        assert said(memory) == [(["alice"], [])]
        sound(memory, {alice: NOISE, bob: SPEECH}, 20)
        assert said(memory) == [(["bob", "alice"], []), (["bob"], ["alice"])]
        memory.worker._routers["room"].leave("bob")
        sound(memory, {alice: NOISE}, 5)
        assert said(memory) == [([], ["alice"])]

    play(scenario)


def test_the_cameras_of_those_who_speak_are_served_first_and_a_silence_changes_nothing() -> None:
    def first(memory: MemoryWorker) -> list[str]:
        tracks = memory.worker._routers["room"]._producers()
        assert not any(track.first for track in tracks if track.source == "microphone")
        return [track.participant for track in tracks if track.first]

    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", BOTH)
        bob = await memory.publisher("bob", BOTH)
        sound(memory, {alice: NOISE, bob: NOISE}, 5)
        assert first(memory) == []
        sound(memory, {alice: SPEECH, bob: NOISE}, 5)
        assert first(memory) == ["alice"]
        sound(memory, {alice: NOISE, bob: NOISE}, 50)
        assert first(memory) == ["alice"]
        sound(memory, {alice: SPEECH, bob: SPEECH}, 5)
        assert first(memory) == ["alice", "bob"]
        sound(memory, {alice: NOISE, bob: SPEECH}, 20)
        assert first(memory) == ["bob"]

    play(scenario)


def test_only_the_loudest_are_forwarded_and_their_numbers_go_on() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", {"0": "audio"})
        bob = await memory.publisher("bob", {"0": "audio"})
        carol, offer = await memory.subscriber("carol")
        mids = {track.participant: mid for mid, track in offer.tracks.items()}
        ssrcs: dict[str, int] = {}

        def came(of: Peer) -> int:
            """Count, and take, what came from somebody; nothing may be missing in it."""
            packets = [p for p in carol.packets if p.extensions()[MID_ID] == mids[of.name].encode()]
            carol.packets[:] = [p for p in carol.packets if p not in packets]
            for packet in packets:
                last = ssrcs.get(of.name, packet.sequence - 1)
                assert packet.sequence == last + 1 & 0xFFFF
                ssrcs[of.name] = packet.sequence
            return len(packets)

        sound(memory, {alice: SPEECH, bob: NOISE}, 10)
        came(alice), came(bob)
        for _ in range(3):
            sound(memory, {alice: SPEECH, bob: NOISE}, 20)
            assert (came(alice), came(bob)) == (100, 0)
            sound(memory, {alice: NOISE, bob: SPEECH}, 30)
            assert came(alice) + came(bob) == 150, "one at a time"
            sound(memory, {alice: NOISE, bob: SPEECH}, 20)
            assert (came(alice), came(bob)) == (0, 100)
            sound(memory, {alice: SPEECH, bob: NOISE}, 30)
            came(alice), came(bob)

    play(scenario, loudest=1)


def test_a_layout_or_a_newcomer_brings_nobody_back_who_is_not_among_the_loudest() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", {"0": "audio"})
        bob = await memory.publisher("bob", {"0": "audio"})
        carol, _ = await memory.subscriber("carol")
        sound(memory, {alice: SPEECH, bob: NOISE}, 10)
        memory.offers("alice"), memory.offers("bob")
        dave, _ = await memory.subscriber("dave")
        for peer in (carol, dave):
            peer.packets.clear()
        sound(memory, {alice: SPEECH, bob: NOISE}, 10)
        assert [len(peer.packets) for peer in (carol, dave)] == [50, 50]

    play(scenario, loudest=1)


def test_who_sends_no_levels_is_always_forwarded() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", {"0": "audio"})
        bob = await memory.publisher("bob", {"0": "audio"})
        dave = await memory.publisher("dave", {"0": "audio"})
        carol, _ = await memory.subscriber("carol")
        sound(memory, {alice: SPEECH, bob: NOISE, dave: None}, 10)
        carol.packets.clear()
        sound(memory, {alice: SPEECH, bob: NOISE, dave: None}, 10)
        assert len(carol.packets) == 100
        assert all(speaking == ["alice"] for speaking, _ in said(memory))

    play(scenario, loudest=1)


def test_little_is_said_however_many_speak_and_however_often() -> None:
    told: list[SpeakersChanged] = []
    conversation = Conversation("room", 0, told.append)
    tracks = [Producer(Sink(), 1, f"p{number}", "microphone", AUDIO, OPUS) for number in range(MAX_TOLD + 10)]
    looks = 300
    for look in range(looks):
        for number, track in enumerate(tracks):
            assert track.voice is not None
            loud = (look // 5 + number) % 7 < 3  # somebody begins with nearly every look
            for _ in range(5):
                track.voice.hear(SPEECH if loud and number <= look else NOISE)
        conversation.tick(lambda: tracks, look * INTERVAL)
    assert looks * INTERVAL / TELL / 4 < len(told) <= looks * INTERVAL / TELL + 1
    assert max(len(event.speaking) + len(event.spoke) for event in told) == MAX_TOLD
    assert all(not set(event.speaking) & set(event.spoke) for event in told)


def test_a_real_worker_says_who_speaks_and_forwards_as_many_as_it_is_told() -> None:
    async def main() -> None:
        async with ready_worker("--port", "0", "--address", "127.0.0.1", "--loudest", "1") as worker:
            alice = await worker.publisher("alice", {"0": "audio"})
            bob = await worker.publisher("bob", {"0": "audio"})
            await worker.join("carol")
            carol, _ = await worker.subscriber("carol")

            async def talk() -> None:
                while True:
                    alice.send_frame("0", level=SPEECH)
                    bob.send_frame("0", level=NOISE)
                    await asyncio.sleep(0.02)

            talking = asyncio.create_task(talk())
            event = await worker.event(lambda e: isinstance(e, SpeakersChanged))
            assert event == SpeakersChanged("room", ["alice"], [])
            carol.packets.clear()
            await carol.until(lambda: len(carol.packets) >= 20)
            assert len({packet.ssrc for packet in carol.packets}) == 1
            talking.cancel()
            event = await worker.event(lambda e: isinstance(e, SpeakersChanged))
            assert event == SpeakersChanged("room", [], ["alice"])

    asyncio.run(main())
