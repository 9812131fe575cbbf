"""A real worker process, with headless peers in front of it."""

from __future__ import annotations

import asyncio
import random
import struct
import time
from pathlib import Path

import pytest

from media.messages import MAX_SDP, Accept, Leave, Publish
from media.worker import rtcp
from tests.media.worker.harness import RefusedError, ready_worker
from tests.media.worker.peer import DELTA_FRAME, KEYFRAME

pytestmark = pytest.mark.process
BOTH = {"0": "audio", "1": "video"}


def payload(packet: object) -> bytes:
    data, at = packet.data, packet.payload_at  # type: ignore[attr-defined]
    return bytes(data[at:])


def test_packets_flow_from_a_publisher_to_a_subscriber() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            alice = await worker.publisher("alice", BOTH)
            await worker.join("bob")
            bob, offer = await worker.subscriber("bob")
            assert {t.source for t in offer.tracks.values()} == {"microphone", "camera"}
            assert {t.participant for t in offer.tracks.values()} == {"alice"}

            sent = [alice.send_frame("0", level=10 + n) for n in range(100)]
            await bob.until(lambda: len(bob.packets) == 100)
            received = bob.packets
            assert [payload(p) for p in received] == [payload(p) for p in sent]
            assert len({p.ssrc for p in received}) == 1
            assert f"a=ssrc:{received[0].ssrc} cname:alice" in offer.sdp
            assert {p.payload_type for p in received} == {111}
            first, last = received[0], received[-1]
            assert (last.sequence - first.sequence) & 0xFFFF == 99  # over a wrap of what came in
            assert (last.timestamp - first.timestamp) & 0xFFFFFFFF == 99 * 1600
            assert [p.extensions()[1][0] for p in received] == list(range(10, 110))
            assert received[0].extensions()[4] in {mid.encode() for mid in offer.tracks}

    asyncio.run(main())


def test_video_begins_with_a_keyframe_which_is_asked_for_at_once() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            alice = await worker.publisher("alice", BOTH)
            alice.send_frame("1", key=True)
            await worker.join("bob")
            bob, _ = await worker.subscriber("bob")
            await alice.until(lambda: any(p.type == rtcp.PAYLOAD_FEEDBACK for p in alice.rtcp))
            request = next(p for p in alice.rtcp if p.type == rtcp.PAYLOAD_FEEDBACK)
            assert rtcp.read_keyframe_requests(request) == [alice.streams["1"].ssrc]
            for key in (False, False, True, False):
                alice.send_frame("1", key=key)
            await bob.until(lambda: len(bob.packets) == 2)
            assert [payload(p) for p in bob.packets] == [KEYFRAME, DELTA_FRAME]

            # and a subscriber that lost something may ask
            alice.rtcp.clear()
            bob.ask_keyframe(bob.packets[0].ssrc)
            await alice.until(lambda: any(p.type == rtcp.PAYLOAD_FEEDBACK for p in alice.rtcp))

    asyncio.run(main())


def test_the_publisher_hears_what_arrived_and_the_subscriber_of_the_clock() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            alice = await worker.publisher("alice", BOTH)
            await worker.join("bob")
            bob, _ = await worker.subscriber("bob")
            for _ in range(20):
                alice.send_frame("0")
            ssrc = alice.streams["0"].ssrc
            alice.send_rtcp(rtcp.pack_sender_report(ssrc, 0x0123456789ABCDEF, alice.streams["0"].timestamp, 20, 1600))
            await alice.until(lambda: any(p.type == rtcp.TRANSPORT_FEEDBACK for p in alice.rtcp))
            await alice.until(lambda: any(p.type == rtcp.RECEIVER_REPORT for p in alice.rtcp))
            await bob.until(lambda: any(p.type == rtcp.SENDER_REPORT for p in bob.rtcp))
            feedback = next(p for p in alice.rtcp if p.type == rtcp.TRANSPORT_FEEDBACK)
            assert struct.unpack_from("!HH", feedback.data, 12)[0] == 65_530
            report = rtcp.read_sender_report(next(p for p in bob.rtcp if p.type == rtcp.SENDER_REPORT))
            assert report.ntp_timestamp == 0x0123456789ABCDEF
            assert report.ssrc == bob.packets[0].ssrc
            assert (report.rtp_timestamp - bob.packets[-1].timestamp) & 0xFFFFFFFF == 1600
            assert any(p.type == rtcp.SOURCE_DESCRIPTION and b"alice" in p.data for p in bob.rtcp)

    asyncio.run(main())


def test_after_all_have_left_nothing_is_left() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            peers = [await worker.publisher("alice", BOTH)]
            await worker.join("bob")
            peers.append((await worker.subscriber("bob"))[0])
            statistics = await worker.statistics()
            assert (statistics.routers, statistics.participants, statistics.transports) == (1, 2, 2)
            assert (statistics.producers, statistics.consumers) == (2, 2)

            await worker.ask(Leave("room", "alice", 1))
            statistics = await worker.statistics()
            assert (statistics.participants, statistics.producers, statistics.consumers) == (1, 0, 0)
            offer = await worker.offer("bob")
            assert offer.tracks == {}
            assert offer.sdp.count("a=inactive") == 2
            await peers[0].until(lambda: peers[0].closed_by_worker)  # it was told, and at once

            await worker.ask(Leave("room", "bob", 1))
            await worker.ask(Leave("room", "bob", 1))
            statistics = await worker.statistics()
            assert (statistics.routers, statistics.participants, statistics.transports) == (0, 0, 0)
            assert (statistics.producers, statistics.consumers) == (0, 0)
            # nobody answers the checks of those who left
            peers[1].responses = 0
            before = (await worker.statistics()).packets_dropped
            await asyncio.sleep(0.5)
            assert peers[1].responses == 0
            assert (await worker.statistics()).packets_dropped > before

    asyncio.run(main())


def test_offers_come_one_at_a_time_and_m_lines_are_used_again() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            await worker.join("bob")
            await worker.publisher("alice", BOTH)
            await worker.publisher("carol", BOTH)
            first = await worker.offer("bob")
            assert {t.participant for t in first.tracks.values()} == {"alice"}
            assert not [e for e in worker.events if getattr(e, "participant", "") == "bob" and hasattr(e, "offer")]

            bob = await worker.new_peer("bob")
            with pytest.raises(RefusedError, match="stale_offer"):
                await worker.ask(Accept("room", "bob", 1, first.offer + 1, bob.answer(first.sdp)))
            await worker.accept(bob, first)
            second = await worker.offer("bob")
            assert {t.participant for t in second.tracks.values()} == {"alice", "carol"}
            await bob.connect(second.sdp)
            await worker.accept(bob, second)

            await worker.ask(Leave("room", "alice", 1))
            third = await worker.offer("bob")
            assert {t.participant for t in third.tracks.values()} == {"carol"}
            await worker.accept(bob, third)
            dave = await worker.publisher("dave", BOTH)
            fourth = await worker.offer("bob")
            assert fourth.sdp.count("\r\nm=") == 4
            assert {t.participant for t in fourth.tracks.values()} == {"carol", "dave"}
            await worker.accept(bob, fourth)
            dave.send_frame("0")
            await bob.until(lambda: bob.packets)
            assert f"a=ssrc:{bob.packets[-1].ssrc} cname:dave" in fourth.sdp

    asyncio.run(main())


def test_a_bad_answer_is_refused_and_does_not_stop_what_follows() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            await worker.join("bob")
            await worker.publisher("alice", BOTH)
            first = await worker.offer("bob")
            bob = await worker.new_peer("bob")
            with pytest.raises(RefusedError, match="bad_sdp"):
                await worker.ask(Accept("room", "bob", 1, first.offer, "nonsense"))
            with pytest.raises(RefusedError, match="bad_sdp"):
                await worker.ask(Accept("room", "bob", 1, first.offer, bob.offer({"0": "audio"})))
            await worker.publisher("carol", BOTH)
            second = await worker.offer("bob")
            await worker.accept(bob, second)
            await bob.connect(second.sdp)
            await worker.leg("bob", "subscribe", "connected")

    asyncio.run(main())


def test_a_new_offer_adds_changes_and_removes_tracks() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            alice = await worker.publisher("alice", {"0": "audio"})
            await worker.join("bob")
            bob, first = await worker.subscriber("bob")
            assert {t.source for t in first.tracks.values()} == {"microphone"}
            await worker.publish(alice, "alice", BOTH)
            second = await worker.offer("bob")
            assert {t.source for t in second.tracks.values()} == {"microphone", "camera"}
            await worker.accept(bob, second)
            alice.send_frame("1", key=True)
            await bob.until(lambda: bob.packets)

            # a new ufrag is an ICE restart, on the same DTLS
            alice.restart_ice()
            answer = await worker.publish(alice, "alice", {"0": "inactive audio", "1": "video"})
            assert "m=audio" in answer
            assert answer.count("a=inactive") == 1
            alice.check(answer)
            await alice.until(lambda: alice.responses)
            third = await worker.offer("bob")
            assert {t.source for t in third.tracks.values()} == {"camera"}
            await worker.accept(bob, third)
            before = len(bob.packets)
            alice.send_frame("1")
            await bob.until(lambda: len(bob.packets) == before + 1)

    asyncio.run(main())


def test_a_page_that_starts_over_gets_a_new_leg() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            await worker.publisher("alice", BOTH)
            new = await worker.new_peer("alice")
            await new.connect(await worker.publish(new, "alice", BOTH))
            await worker.leg("alice", "publish", "connected")
            statistics = await worker.statistics()
            assert (statistics.transports, statistics.producers) == (1, 2)
            await new.close()  # as RTCPeerConnection.close() does
            await worker.leg("alice", "publish", "closed")
            assert (await worker.statistics()).producers == 0

    asyncio.run(main())


def test_epochs() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            peer = await worker.publisher("alice", BOTH)
            await worker.join("alice", epoch=2)
            with pytest.raises(RefusedError, match="unknown_participant"):
                await worker.publish(peer, "alice", BOTH, epoch=1)
            with pytest.raises(RefusedError, match="unknown_participant"):
                await worker.join("alice", epoch=1)
            with pytest.raises(RefusedError, match="unknown_participant"):
                await worker.publish(peer, "nobody", BOTH)
            with pytest.raises(RefusedError, match="invalid_request"):
                await worker.join("no such\r\nid")
            await worker.ask(Leave("room", "alice", 1))
            statistics = await worker.statistics()
            assert (statistics.participants, statistics.transports) == (1, 0)

    asyncio.run(main())


def test_a_wrong_certificate_fails_the_leg() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            await worker.join("alice")
            peer = await worker.new_peer()
            offer = peer.offer(BOTH)
            other = (await worker.new_peer()).certificate.fingerprint
            wrong = offer.replace(peer.certificate.fingerprint, other)
            frame = await worker.ask(Publish("room", "alice", 1, wrong, {"0": "microphone", "1": "camera"}))
            await peer.connect(frame.result["sdp"])
            await worker.leg("alice", "publish", "failed")
            assert (await worker.statistics()).producers == 0

    asyncio.run(main())


def test_bad_offers_cost_their_sender_and_nobody_else() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            peer = await worker.publisher("alice", BOTH)
            await worker.join("mallory")
            many = peer.offer({str(n): "audio" for n in range(500)}, extra="")
            junk = "v=0\r\n" + "a=rtcp-fb:* x\r\n" * 3_000
            for sdp, code in (
                ("", "bad_sdp"),
                ("x" * 40_000, "bad_sdp"),
                (junk, "bad_sdp"),
                ("m=\r\n", "bad_sdp"),
                ("v=0\r\n" + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" * 500, "too_many_tracks"),
                (many, "sdp_too_large"),
                ("x" * (MAX_SDP + 1), "sdp_too_large"),
            ):
                began = time.monotonic()
                with pytest.raises(RefusedError, match=code):
                    await worker.ask(Publish("room", "mallory", 1, sdp, {}))
                assert time.monotonic() - began < 0.5
            with pytest.raises(RefusedError, match="bad_sdp"):
                await worker.ask(Publish("room", "mallory", 1, peer.offer(BOTH), {"0": "camera"}))
            with pytest.raises(RefusedError, match="bad_sdp"):
                await worker.ask(Publish("room", "mallory", 1, peer.offer(BOTH), {"7": "camera"}))
            assert (await worker.statistics()).transports == 2  # one that publishes, one that subscribes
            await worker.control.send("nonsense")
            await worker.control.send('{"id": 999999}')
            await worker.join("bob")

    asyncio.run(main())


def test_garbage_from_a_connected_peer_is_dropped() -> None:
    chance = random.Random(1)
    garbage = [chance.randbytes(chance.randint(1, 200)) for _ in range(300)]

    async def main() -> None:
        async with ready_worker() as worker:
            alice = await worker.publisher("alice", BOTH)
            await worker.join("bob")
            bob, _ = await worker.subscriber("bob")
            for data in garbage:
                alice.send_raw(data)
                alice.send_rtcp(rtcp.pack_pli(1, 2)[:8] + (data + bytes(4))[: len(data) // 4 * 4])
                bob.send_raw(data)
            alice.send_frame("0")
            await bob.until(lambda: bob.packets)
            assert (await worker.statistics()).packets_dropped > 0

    asyncio.run(main())


def _open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def test_leaving_and_coming_back_leaves_nothing_behind() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            for epoch in range(1, 21):
                await worker.join("alice", epoch=epoch)
                await worker.join("bob", epoch=epoch)
                peer = await worker.new_peer()
                answer = await worker.publish(peer, "alice", BOTH, epoch=epoch)
                if epoch % 2:
                    await peer.connect(answer)
                await worker.ask(Leave("room", "alice", epoch))
                await worker.ask(Leave("room", "bob", epoch))
                statistics = await worker.statistics()
                assert (statistics.routers, statistics.transports, statistics.consumers) == (0, 0, 0)
            assert _open_files(worker.process.pid) < 20

    asyncio.run(main())


def test_leaving_right_after_publishing_leaves_no_handshake_half_begun(capfd: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            for number in range(20):
                name = f"p{number}"
                await worker.join(name)
                peer = await worker.new_peer(name)
                await asyncio.gather(worker.publish(peer, name, BOTH), worker.ask(Leave("room", name, 1)))

    asyncio.run(main())
    assert "never awaited" not in capfd.readouterr().err
