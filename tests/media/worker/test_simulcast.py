"""A real browser sends a camera in three layers to a real worker, and gets back what its tile has room for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from media.messages import Accept, Answer, Layout, Publish, Wanted, structure_result
from tests.browser import chromium
from tests.conftest import Measured
from tests.media.worker.harness import RunningWorker, ready_worker

pytestmark = pytest.mark.browser

#: Seconds between two switches: Chromium makes no two keyframes within 0.6, whoever asks.
BETWEEN = 0.7

#: A moving picture of 720 lines in three layers from alice, and a video element for bob.
_SCRIPT = """() => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 1280, height: 720});
  const context = canvas.getContext('2d');
  setInterval(() => {
    context.fillStyle = `hsl(${Date.now() / 10 % 360} 80% 50%)`;
    context.fillRect(0, 0, 1280, 720);
  }, 50);
  const alice = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
  const bob = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
  const sizes = window.sizes = [];

  window.offer = async () => {
    const sendEncodings = ['q', 'h', 'f'].map((rid, n) =>
      ({rid, scaleResolutionDownBy: 4 >> n, maxBitrate: [150e3, 500e3, 1700e3][n], scalabilityMode: 'L1T3'}));
    const [track] = canvas.captureStream(20).getTracks();
    const transceiver = alice.addTransceiver(track, {direction: 'sendonly', sendEncodings});
    const codecs = RTCRtpSender.getCapabilities('video').codecs;
    transceiver.setCodecPreferences(codecs.filter(({mimeType}) => /vp8|rtx/i.test(mimeType)));
    await alice.setLocalDescription();
    return {sdp: alice.localDescription.sdp, mid: transceiver.mid};
  };
  window.answered = sdp => alice.setRemoteDescription({type: 'answer', sdp});
  window.answer = async sdp => {
    bob.ontrack = ({track}) => {
      const video = Object.assign(document.createElement('video'), {muted: true, autoplay: true});
      video.onresize = () => sizes.push([video.videoHeight, Date.now()]);
      video.srcObject = new MediaStream([track]);
      document.body.append(video);
    };
    await bob.setRemoteDescription({type: 'offer', sdp});
    await bob.setLocalDescription();
    return bob.localDescription.sdp;
  };
  window.received = async () => [...(await bob.getStats()).values()].find(s => s.type === 'inbound-rtp');
  window.send = async rids => {
    const [sender] = alice.getSenders();
    const parameters = sender.getParameters();
    for (const encoding of parameters.encodings) encoding.active = rids.includes(encoding.rid);
    await sender.setParameters(parameters);
  };
}"""


async def _switch(page: Page, worker: RunningWorker, tile: int, lines: int) -> float:
    """Make bob's tile so high; return how many milliseconds later the picture's lines were these."""
    await asyncio.sleep(BETWEEN)
    began: int = await page.evaluate("() => Date.now()")
    await worker.ask(Layout("room", "bob", 1, {"alice": tile}))
    await page.wait_for_function("lines => sizes.at(-1)?.[0] === lines", arg=lines, timeout=20_000)
    at: list[Any] = await page.evaluate("() => sizes.at(-1)")
    return float(at[1] - began)


async def _wanted(worker: RunningWorker, *rids: str) -> None:
    await worker.event(lambda e: isinstance(e, Wanted) and e.rids == list(rids), timeout=10)


def test_the_picture_follows_the_tile(measured: Measured) -> None:
    async def call(page: Page, worker: RunningWorker) -> None:
        await worker.join("alice")
        offer = await page.evaluate("() => offer()")
        reply = await worker.ask(Publish("room", "alice", 1, offer["sdp"], {offer["mid"]: "camera"}))
        await page.evaluate("sdp => answered(sdp)", structure_result(reply.result, Answer).sdp)
        await worker.leg("alice", "publish", "connected", timeout=15)
        await worker.join("bob")
        subscribe = await worker.offer("bob")
        answer = await page.evaluate("sdp => answer(sdp)", subscribe.sdp)
        await worker.ask(Accept("room", "bob", 1, subscribe.offer, answer))
        await worker.leg("bob", "subscribe", "connected", timeout=15)

        # All layers must have come, or it would be their coming that is waited for.
        await _switch(page, worker, 720, 720)
        await _switch(page, worker, 180, 180)
        before = await page.evaluate("() => received()")
        times = [await _switch(page, worker, tile, tile) for tile in (720, 180, 360, 180, 720)]
        after = await page.evaluate("() => received()")
        measured(f"tile to picture: {', '.join(f'{time:.0f}' for time in times)} ms")
        assert after["ssrc"] == before["ssrc"]
        assert after["packetsLost"] == before["packetsLost"]
        assert after["freezeCount"] - before["freezeCount"] <= 1, "and that one because the machine is busy"

        # What nobody gets is stopped, and is there again when it is wanted.
        await _switch(page, worker, 180, 180)
        await _wanted(worker, "q")
        await page.evaluate("() => send(['q'])")
        worker.events.clear()
        growing = asyncio.create_task(_switch(page, worker, 360, 360))
        await _wanted(worker, "q", "h")
        await page.evaluate("() => send(['q', 'h'])")
        measured(f"tile to picture of a layer that was not sent: {await growing:.0f} ms")
        await _wanted(worker, "h")

    path = chromium.find()
    assert path is not None, "Chromium is not installed: `make test` installs it"

    async def main() -> None:
        async with ready_worker() as worker, async_playwright() as playwright:
            started = await playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
            try:
                page = await started.new_page()
                await page.evaluate(_SCRIPT)
                await call(page, worker)
            finally:
                await started.close()

    asyncio.run(main())
