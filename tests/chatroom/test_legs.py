"""Words for the media plane through the change of sockets: who is answered, and what is said again."""

from __future__ import annotations

import trio
import trio.testing
from trio.testing import MockClock

from chatroom.media import LayersWanted, LegChanged, Republish, VideoPaused, VideoResumed
from tests.chatroom.house import open_house


async def test_an_offer_is_said_again_until_it_is_answered(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        bob = await house.join("Bob")
        house.media.offer(1, 7)
        bob.session.ended("connection_lost")
        for _ in range(2):
            bob = await house.resume(bob)
            assert (await bob.next("offer"))["offer"] == 7
        bob.send("answer", ref="a", offer=6, sdp="v=0")  # an older one's
        await bob.next("ok")
        bob = await house.resume(bob)
        assert (await bob.next("offer"))["offer"] == 7
        bob.send("answer", ref="a", offer=7, sdp="nonsense")
        assert (await bob.next("error"))["code"] == "bad_sdp"
        bob = await house.resume(bob)
        assert (await bob.next("offer"))["offer"] == 7
        bob.send("answer", ref="a", offer=7, sdp="v=0")
        await bob.next("ok")
        bob = await house.resume(bob)
        assert await bob.all() == []


async def test_the_last_offer_is_the_one_that_is_said_again(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        bob = await house.join("Bob")
        house.media.answering = trio.Event()
        house.media.offer(1, 7)
        bob.send("answer", offer=7, sdp="v=0")
        await trio.testing.wait_all_tasks_blocked()
        house.media.offer(1, 8)  # while the answer to the last one is under way
        house.media.answering.set()
        await trio.testing.wait_all_tasks_blocked()
        bob = await house.resume(bob)
        assert (await bob.next("offer"))["offer"] == 8


async def test_an_offer_is_lost_with_its_worker_and_the_page_learns_that_there_was_another(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        bob = await house.join("Bob")
        house.media.offer(1, 7)
        bob.session.ended("connection_lost")
        house.media.lose()
        bob = house.come_back(bob)
        resumed = await bob.next("resumed")
        assert (resumed["media"], resumed["media_session"]) == (False, 1)
        bob.session.ended("connection_lost")
        house.media.restore()
        bob = house.come_back(bob)
        resumed = await bob.next("resumed")
        assert (resumed["media"], resumed["media_session"]) == (True, 2)
        assert await bob.all() == []
        bob = house.come_back(bob, seq=0)
        assert (await bob.next("joined"))["media_session"] == 2


async def test_whoever_asked_is_answered_and_what_waited_on_an_old_socket_is_passed_over(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        bob = await house.join("Bob")
        house.media.answering = trio.Event()
        for number in range(3):
            bob.send("publish", ref=str(number), sdp=f"v=0 old {number}", tracks={})
        await trio.testing.wait_all_tasks_blocked()
        again = await house.resume(bob)
        again.send("publish", ref="new", sdp="v=0 new", tracks={})
        await trio.testing.wait_all_tasks_blocked()
        house.media.answering.set()
        assert (await again.next("published"))["ref"] == "new"
        # The first was with the worker when the socket changed, the others were not.
        assert house.media.attached[1].published == ["v=0 old 0", "v=0 new"]
        assert [event["type"] for event in await again.all()] == []
        assert [event for event in await bob.all() if event["type"] == "published"] == []


async def test_what_is_paused_and_which_layers_are_wanted_is_said_and_said_again(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        bob = await house.join("Bob")
        legs = house.media.attached[1]
        legs.post(VideoPaused("p7", "camera", "bandwidth"))
        legs.post(VideoPaused("p8", "camera", "layout"))
        legs.post(VideoResumed("p8", "camera"))
        legs.post(LayersWanted("1", ["q", "f"]))
        legs.post(LayersWanted("1", ["q"]))
        paused = {"type": "video_paused", "participant": "p7", "source": "camera", "reason": "bandwidth"}
        assert await bob.next("video_paused") == paused
        assert (await bob.next("video_paused"))["participant"] == "p8"
        assert await bob.next("video_resumed") == {"type": "video_resumed", "participant": "p8", "source": "camera"}
        assert [(await bob.next("layers"))["rids"] for _ in range(2)] == [["q", "f"], ["q"]]
        bob.session.ended("connection_lost")
        bob = await house.resume(bob)
        assert await bob.all() == [paused, {"type": "layers", "mid": "1", "rids": ["q"]}]
        house.media.lose()
        bob = await house.resume(bob)
        assert await bob.all() == []


async def test_that_media_are_lost_is_said_in_words_and_for_how_long(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        bob = await house.join("Bob")
        for seconds, words in ((0.0, "being restored"), (15.0, "for 15 seconds"), (120.0, "for 2 minutes")):
            house.media.lose(refused_for=seconds)
            lost = await bob.next("media_lost")
            assert words in lost["message"]
            assert lost["retry_after"] == seconds


async def test_what_is_known_of_the_connections_is_of_the_worker_that_there_is(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await house.join("Bob")
        (bob,) = house.room.present()
        await trio.sleep(7)
        house.media.attached[1].post(LegChanged("publish", "connected"))
        assert (bob.legs.statistics().states, bob.legs.restored_at) == ({"publish": "connected"}, None)
        house.media.lose()
        assert bob.legs.statistics().states == {}
        house.media.restore()
        assert bob.legs.restored_at == trio.current_time()


async def test_whoever_is_to_publish_anew_is_told_so_until_they_did_or_the_worker_is_lost(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        bob = await house.join("Bob")
        again = {"type": "republish"}
        house.media.attached[1].post(Republish())
        assert await bob.next("republish") == again
        bob = await house.resume(bob)
        assert await bob.all() == [again]
        bob.send("publish", ref="p", sdp="v=0 offer", tracks={})
        await bob.next("published")
        bob = await house.resume(bob)
        assert await bob.all() == []
        house.media.attached[1].post(Republish())
        house.media.lose()
        bob = await house.resume(bob)
        assert await bob.all() == []


async def test_a_layout_is_carried_to_the_worker(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        bob = await house.join("Bob")
        bob.send("layout", ref="a", sizes={"p7": 360, "p8": -5})
        await bob.next("ok")
        assert house.media.attached[1].sizes == [{"p7": 360, "p8": 0}]
        bob.send("layout", ref="b", sizes={f"p{number}": 1 for number in range(501)})
        assert (await bob.next("error"))["code"] == "invalid_command"
        bob.send("layout", ref="c", sizes={"p7": "large"})
        assert (await bob.next("error"))["code"] == "invalid_command"
