"""What a worker tells of everybody's connections once a second."""

from __future__ import annotations

import pytest

from media.messages import Samples, decode_reply, encode_event
from media.samples import DownlinkSample, ParticipantSample, TrackSample, UplinkSample
from media.worker.rtcp import ReportBlock, pack_receiver_report
from media.worker.sampling import Lateness
from tests.media.worker.in_memory import MemoryWorker, play

BOTH = {"0": "audio", "1": "video"}


def pass_a_second(memory: MemoryWorker) -> dict[str, ParticipantSample]:
    """Let a second pass, and return the samples, which come once in it."""
    memory.events.clear()
    while not (said := [event for event in memory.events if isinstance(event, Samples)]):
        memory.tick(0.05)
    (samples,) = said
    assert decode_reply(encode_event(samples)) == samples
    return {each.participant: each for each in samples.participants}


def uplink(sample: ParticipantSample) -> dict[str, TrackSample]:
    assert sample.uplink is not None
    return {track.source: track for track in sample.uplink.tracks}


def downlink(sample: ParticipantSample) -> DownlinkSample:
    assert sample.downlink is not None
    return sample.downlink


def test_what_comes_is_counted_from_one_second_to_the_next() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", BOTH)
        await memory.subscriber("bob")
        assert set(pass_a_second(memory)) == {"alice", "bob"}
        for number in range(50):
            memory.now += 0.01
            alice.send_frame("0", level=60, lost=number in (10, 20, 30))
            alice.send_frame("1", key=number == 0)
        alice_sample = pass_a_second(memory)["alice"]
        sound, picture = uplink(alice_sample)["microphone"], uplink(alice_sample)["camera"]
        assert (sound.expected, sound.packets, sound.lost) == (50, 47, 3)
        assert (picture.packets, picture.lost, picture.level) == (50, 0, None)
        assert sound.level == 60
        assert sound.wanted
        assert picture.octets > 50
        after = pass_a_second(memory)
        sound = uplink(after["alice"])["microphone"]
        assert (sound.packets, sound.expected, sound.level) == (0, 0, None)
        assert isinstance(after["alice"].uplink, UplinkSample)
        assert (after["alice"].uplink.quiet or 0) >= 1.0
        assert after["bob"].uplink is None

    play(scenario)


def test_what_the_publishers_link_lost_is_no_loss_of_the_receivers_link() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", {"0": "audio"})
        bob, _ = await memory.subscriber("bob")
        pass_a_second(memory)

        def report(lost: int) -> None:
            newest = bob.packets[-1]
            highest = newest.sequence if newest.sequence >= first else newest.sequence + 0x10000
            block = ReportBlock(newest.ssrc, 0, lost, highest, 0, 0, 0)
            bob.send_rtcp(pack_receiver_report(1, [block]))

        alice.send_frame("0")
        first = bob.packets[0].sequence
        report(0)
        for number in range(100):
            alice.send_frame("0", lost=number % 4 == 1)
        report(25)  # which is what bob sees of it
        sample = downlink(pass_a_second(memory)["bob"])
        assert (sample.expected, sample.lost) == (75, 0)
        assert memory.worker._routers["room"].participants["bob"].subscribe_leg.forwarding.downlink.loss == 0

        for _ in range(100):
            alice.send_frame("0")
        report(25 + 10)
        sample = downlink(pass_a_second(memory)["bob"])
        assert (sample.expected, sample.lost) == (100, 10)

        # a gap that the worker sees before bob does
        before = len(bob.packets)
        for _ in range(50):
            alice.send_frame("0", lost=True)
        alice.send_frame("0")
        newest = bob.packets.pop()
        report(25 + 10)
        sample = downlink(pass_a_second(memory)["bob"])
        assert (sample.expected, sample.lost) == (0, 0)
        bob.packets.append(newest)
        assert len(bob.packets) == before + 1
        report(25 + 10 + 50)
        assert downlink(pass_a_second(memory)["bob"]).lost == 0

    play(scenario)


def test_a_picture_that_nobody_is_sent_is_not_wanted() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", BOTH)
        await memory.subscriber("bob")
        alice.send_frame("1", key=True)
        assert uplink(pass_a_second(memory)["alice"])["camera"].wanted
        memory.worker._routers["room"].participants["bob"].layout({}, memory.now)
        assert not uplink(pass_a_second(memory)["alice"])["camera"].wanted

    play(scenario)


def test_what_waits_in_a_queue_on_its_way_here_is_told() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", {"0": "audio"})
        pass_a_second(memory)

        def talk(every: float) -> float:
            memory.events.clear()
            while True:
                alice.send_frame("0")  # of a thirtieth of a second each
                memory.tick(every)
                for event in memory.events:
                    if isinstance(event, Samples):
                        memory.events.clear()
                        return uplink(event.participants[0])["microphone"].delay

        assert talk(1 / 30) == pytest.approx(0.0, abs=0.01)
        assert talk(1 / 30) == pytest.approx(0.0, abs=0.01)
        assert talk(1 / 25) == pytest.approx(1 / 6, abs=0.05)

    play(scenario)


def test_another_stay_of_the_same_id_begins_anew() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        alice = await memory.publisher("alice", {"0": "audio"})
        for _ in range(10):
            alice.send_frame("0")
        pass_a_second(memory)
        memory.join("alice", epoch=2)
        sample = pass_a_second(memory)["alice"]
        assert (sample.epoch, sample.uplink) == (2, None)

    play(scenario)


def test_a_large_room_is_told_in_parts() -> None:
    async def scenario(memory: MemoryWorker) -> None:
        for number in range(130):
            memory.join(f"p{number}")
        memory.events.clear()
        memory.tick(1.0)
        parts = [event for event in memory.events if isinstance(event, Samples)]
        assert [len(part.participants) for part in parts] == [100, 30]

    play(scenario)


def test_how_late_it_was_is_remembered_for_a_second_or_two() -> None:
    lateness, now = Lateness(0.05), 10.0
    seen = [lateness.tick(now)]
    for step in (0.05, 0.35, *[0.05] * 18, *[0.05] * 25):
        now += step
        seen.append(lateness.tick(now))
    assert seen[1] == pytest.approx(0.0)
    assert seen[2] == pytest.approx(0.3)
    assert seen[20] == pytest.approx(0.3)
    assert seen[-1] == pytest.approx(0.0, abs=1e-6)


def test_no_sample_is_so_long_that_a_part_is_no_frame() -> None:
    name = "☃" * 64
    track = TrackSample("screen_sound:9", 10**6, 10**9, 10**6, 10**6, 10**6, 10**6, 1.0, 1.0, 127, True, True)
    up = UplinkSample("connected", 1.0, [track] * 8)
    down = DownlinkSample("connected", 1.0, 1e9, 10**9, 10**9, 1.0, 1e9, 1e9, 1.0, 72, 72, True, ["a" * 64] * 30)
    part = Samples(name, 1.0, 1.0, 10**9, [ParticipantSample("a" * 64, 10**9, up, down)] * 100)
    assert len(encode_event(part)) < 1 << 20
