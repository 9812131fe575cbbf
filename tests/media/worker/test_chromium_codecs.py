"""A real browser sends a camera in each codec that it has, in layers, and gets it back decoded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from media.messages import Accept, Answer, Join, Layout, Publish, structure_result
from media.terms import VIDEO_CODECS, VideoCodec
from tests.browser import chromium
from tests.conftest import Measured
from tests.media.worker.harness import RunningWorker, ready_worker

pytestmark = pytest.mark.browser

#: Seconds between two switches: Chromium makes no two keyframes within 0.6, whoever asks.
BETWEEN = 0.7

#: Alice, who sends a moving picture of 360 lines in two layers, and Bob, in rooms by the names of codecs.
_SCRIPT = """() => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 640, height: 360});
  const context = canvas.getContext('2d');
  setInterval(() => {
    context.fillStyle = `hsl(${Date.now() / 10 % 360} 80% 50%)`;
    context.fillRect(0, 0, 640, 360);
  }, 66);
  const rooms = window.rooms = {};

  window.offer = async name => {
    const alice = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
    const bob = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
    rooms[name] = {alice, bob, sizes: []};
    const sendEncodings = ['q', 'h'].map((rid, n) =>
      ({rid, scaleResolutionDownBy: 2 >> n, maxBitrate: [150e3, 500e3][n], scalabilityMode: 'L1T3'}));
    const [track] = canvas.captureStream(15).getTracks();
    const transceiver = alice.addTransceiver(track, {direction: 'sendonly', sendEncodings});
    return again(name);
  };
  window.again = async name => {
    const {alice} = rooms[name];
    await alice.setLocalDescription();
    return {sdp: alice.localDescription.sdp, mid: alice.getTransceivers()[0].mid};
  };
  window.answered = (name, sdp) => rooms[name].alice.setRemoteDescription({type: 'answer', sdp});
  window.answer = async (name, sdp) => {
    const {bob, sizes} = rooms[name];
    bob.ontrack = ({track}) => {
      const video = Object.assign(document.createElement('video'), {muted: true, autoplay: true});
      video.onresize = () => sizes.push(video.videoHeight);
      video.srcObject = new MediaStream([track]);
      document.body.append(video);
    };
    await bob.setRemoteDescription({type: 'offer', sdp});
    await bob.setLocalDescription();
    return bob.localDescription.sdp;
  };
  const found = async (leg, type) =>
    [...(await leg.getStats()).values()].filter(s => s.type === type && s.kind === 'video');
  window.received = async name => {
    const report = await rooms[name].bob.getStats();
    const [stream] = [...report.values()].filter(s => s.type === 'inbound-rtp' && s.kind === 'video');
    return stream && {codec: report.get(stream.codecId)?.mimeType, decoder: stream.decoderImplementation ?? '',
      frames: stream.framesDecoded ?? 0, freezes: stream.freezeCount ?? 0, lost: stream.packetsLost,
      dropped: stream.framesDropped, keys: stream.keyFramesDecoded, fps: stream.framesPerSecond};
  };
  window.sent = async name => (await found(rooms[name].alice, 'outbound-rtp')).map(s =>
    `${s.rid} ${s.scalabilityMode} ${s.encoderImplementation} ${s.frameHeight} ${s.framesPerSecond}`);
  window.goesOn = async name => {
    const begin = (await received(name))?.frames ?? 0;
    for (let attempt = 0; attempt < 200; attempt++) {
      const now = await received(name);
      if ((now?.frames ?? 0) >= begin + 10) return now;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    throw new Error(`no pictures in ${name}: ${JSON.stringify(await received(name))} ${await sent(name)}`);
  };
  window.end = name => { rooms[name].alice.close(); rooms[name].bob.close(); };
}"""


async def _call(page: Page, worker: RunningWorker, codec: VideoCodec) -> dict[str, Any]:
    """Have a room in which pictures are in one codec; return what came of it."""
    alice, bob = f"alice-{codec}", f"bob-{codec}"
    await worker.ask(Join(codec, alice, 1, [codec]))
    offer = await page.evaluate("name => offer(name)", codec)
    reply = await worker.ask(Publish(codec, alice, 1, offer["sdp"], {offer["mid"]: "camera"}))
    await page.evaluate("([name, sdp]) => answered(name, sdp)", [codec, structure_result(reply.result, Answer).sdp])
    await worker.leg(alice, "publish", "connected", timeout=15)
    await worker.ask(Join(codec, bob, 1, [codec]))
    subscribe = await worker.offer(bob)
    answer = await page.evaluate("([name, sdp]) => answer(name, sdp)", [codec, subscribe.sdp])
    await worker.ask(Accept(codec, bob, 1, subscribe.offer, answer))
    await worker.leg(bob, "subscribe", "connected", timeout=15)
    await page.evaluate("name => goesOn(name)", codec)

    for lines in (360, 180, 360):
        await worker.ask(Layout(codec, bob, 1, {alice: lines}))
        await page.wait_for_function(
            "([name, lines]) => rooms[name].sizes.at(-1) === lines", arg=[codec, lines], timeout=20_000
        )
        await asyncio.sleep(BETWEEN)
    received: dict[str, Any] = await page.evaluate("name => goesOn(name)", codec)
    received["sent"] = await page.evaluate("name => sent(name)", codec)
    await page.evaluate("name => end(name)", codec)
    return received


def test_every_codec_is_forwarded_and_spliced(measured: Measured) -> None:
    path = chromium.find()
    assert path is not None, "Chromium is not installed: `make test` installs it"

    async def main() -> None:
        async with ready_worker() as worker, async_playwright() as playwright:
            started = await playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
            try:
                page = await started.new_page()
                await page.evaluate(_SCRIPT)
                for codec in VIDEO_CODECS:
                    received = await _call(page, worker, codec)
                    print(received)
                    assert received["codec"].lower() == f"video/{codec}"
                    assert received["lost"] == 0
                    assert all(" L1T" in each for each in received["sent"]), received["sent"]
                    measured(f"{codec}: {received['frames']} frames, {received['freezes']} freezes")
            finally:
                await started.close()

    asyncio.run(main())
