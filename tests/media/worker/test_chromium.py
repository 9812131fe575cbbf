"""Real connections of a real browser with a real worker, where the headless peer might be too kind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from media.messages import Accept, Answer, Heard, Publish, Restart, structure_result
from media.worker.worker import HEARD_INTERVAL
from tests.browser import chromium
from tests.media.worker.harness import RunningWorker, ready_worker

pytestmark = pytest.mark.browser

#: A page with connections by name, and a picture that moves.
_SCRIPT = """() => {
  const legs = window.legs = {};
  const states = window.states = {};
  function open(name) {
    const leg = legs[name] = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
    states[name] = [];
    leg.onconnectionstatechange = () => states[name].push(leg.connectionState);
    return leg;
  }
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  setInterval(() => {
    context.fillStyle = `hsl(${Date.now() / 10 % 360} 80% 50%)`;
    context.fillRect(0, 0, 300, 150);
  }, 40);

  window.offer = async (name, options) => {
    if (!legs[name]) open(name).addTransceiver(canvas.captureStream(25).getTracks()[0], {direction: 'sendonly'});
    await legs[name].setLocalDescription(await legs[name].createOffer(options));
    return {sdp: legs[name].localDescription.sdp, mid: legs[name].getTransceivers()[0].mid};
  };
  window.answered = (name, sdp) => legs[name].setRemoteDescription({type: 'answer', sdp});
  window.answer = async (name, sdp) => {
    const leg = legs[name] ?? open(name);
    await leg.setRemoteDescription({type: 'offer', sdp});
    await leg.setLocalDescription();
    return leg.localDescription.sdp;
  };
  const received = async name => [...(await legs[name].getStats()).values()].filter(s => s.type === 'inbound-rtp');
  const frames = streams => streams.reduce((sum, s) => sum + s.framesDecoded, 0);
  window.goesOn = async name => {
    const begin = frames(await received(name));
    for (let attempt = 0; attempt < 150; attempt++) {
      const now = await received(name);
      if (frames(now) >= begin + 10) return now.map(s => s.ssrc);
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    throw new Error(`${name} sees no pictures`);
  };
}"""


class Browser:
    """Alice and Bob, who are two pages' worth of connections in one."""

    def __init__(self, page: Page, worker: RunningWorker) -> None:
        self.page = page
        self.worker = worker

    async def publish(self, options: dict[str, Any]) -> str:
        """Have the page offer, lose the first answer, and return the second."""
        offer = await self.page.evaluate("options => offer('alice', options)", options)
        request = Publish("room", "alice", 1, offer["sdp"], {offer["mid"]: "camera"})
        lost = structure_result((await self.worker.ask(request)).result, Answer).sdp
        answer = structure_result((await self.worker.ask(request)).result, Answer).sdp
        assert lost != answer
        await self.page.evaluate("sdp => answered('alice', sdp)", answer)
        return answer

    async def answer(self, name: str, sdp: str) -> str:
        answer: str = await self.page.evaluate("([name, sdp]) => answer(name, sdp)", [name, sdp])
        return answer

    async def goes_on(self, name: str) -> list[int]:
        """Wait for ten more pictures, and return the streams that they came by."""
        streams: list[int] = await self.page.evaluate("name => goesOn(name)", name)
        return streams

    async def states(self, name: str) -> list[str]:
        states: list[str] = await self.page.evaluate("name => states[name]", name)
        return states


def test_chromium_restarts_its_connections_and_gives_lost_answers_anew() -> None:
    async def call(browser: Browser) -> None:
        worker = browser.worker
        await worker.join("alice")
        await browser.publish({})
        await worker.leg("alice", "publish", "connected", timeout=15)

        await worker.join("bob")
        first = await worker.offer("bob")
        await browser.answer("bob", first.sdp)  # and lost on the way
        await asyncio.sleep(1.0)
        answer = await browser.answer("bob", first.sdp)
        await worker.ask(Accept("room", "bob", 1, first.offer, answer))
        await worker.leg("bob", "subscribe", "connected", timeout=15)
        (stream,) = await browser.goes_on("bob")

        await worker.ask(Restart("room", "bob", 1, False))
        second = await worker.offer("bob")
        answer = await browser.answer("bob", second.sdp)
        await worker.ask(Accept("room", "bob", 1, second.offer, answer))
        await browser.publish({"iceRestart": True})
        assert await browser.goes_on("bob") == [stream]
        await asyncio.sleep(5.0)  # long enough for the browser to miss its own checks
        assert await browser.goes_on("bob") == [stream]
        assert await browser.states("bob") == ["connecting", "connected"]
        assert await browser.states("alice") == ["connecting", "connected"]

        await worker.ask(Restart("room", "bob", 1, True))
        third = await worker.offer("bob")
        answer = await browser.answer("bob, again", third.sdp)
        await worker.ask(Accept("room", "bob", 1, third.offer, answer))
        await worker.leg("bob", "subscribe", "connected", timeout=15)
        assert await browser.goes_on("bob, again") != [stream]
        assert not [event for event in worker.events if getattr(event, "state", "") in ("failed", "closed")]

        await browser.page.evaluate("() => legs.alice.close()")
        await worker.leg("alice", "publish", "closed")
        await asyncio.sleep(2 * HEARD_INTERVAL)  # what came before it was closed is still told
        worker.events.clear()
        await asyncio.sleep(4 * HEARD_INTERVAL)
        assert {
            name for event in worker.events if isinstance(event, Heard) for _, name, _, _ in event.participants
        } == {"bob"}

    path = chromium.find()
    assert path is not None, "Chromium is not installed: `make test` installs it"

    async def main() -> None:
        async with ready_worker() as worker, async_playwright() as playwright:
            started = await playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
            try:
                page = await started.new_page()
                await page.evaluate(_SCRIPT)
                await call(Browser(page, worker))
            finally:
                await started.close()

    asyncio.run(main())
