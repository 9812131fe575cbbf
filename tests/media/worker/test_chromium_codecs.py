"""A real browser sends a camera in each codec that it has, in layers, and gets it back decoded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from media.messages import Accept, Answer, Join, Layout, Publish, Republish, structure_result
from media.terms import VIDEO_CODECS, Source, VideoCodec
from tests.browser import chromium
from tests.conftest import Measured
from tests.media.worker.harness import RunningWorker, ready_worker

pytestmark = pytest.mark.browser

#: Seconds between two switches: Chromium makes no two keyframes within 0.6, whoever asks.
BETWEEN = 0.7

#: Alice, who sends a moving picture of 360 lines in two layers, and Bob, in rooms by the names of codecs.
SCRIPT = """() => {
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
  window.speak = async name => {
    const alice = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
    const bob = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
    rooms[name] = {alice, bob, sizes: []};
    const context = new AudioContext();
    const oscillator = new OscillatorNode(context);
    const destination = new MediaStreamAudioDestinationNode(context);
    oscillator.connect(destination);
    oscillator.start();
    alice.addTransceiver(destination.stream.getAudioTracks()[0], {direction: 'sendonly'});
    return again(name);
  };
  window.heard = async (name, least) => {
    let before = {packetsReceived: 0, bytesReceived: 0};
    for (let attempt = 0; attempt < 400; attempt++) {
      const report = await rooms[name].bob.getStats();
      const [stream] = [...report.values()].filter(s => s.type === 'inbound-rtp');
      if (stream?.packetsReceived - before.packetsReceived > 25) {
        const size = (stream.bytesReceived - before.bytesReceived) / (stream.packetsReceived - before.packetsReceived);
        if (before.packetsReceived && stream.totalAudioEnergy > 0 && size > least)
          return {codec: report.get(stream.codecId)?.mimeType, lost: stream.packetsLost, size};
        before = stream;
      }
      await new Promise(resolve => setTimeout(resolve, 50));
    }
    const report = [...(await rooms[name].bob.getStats()).values()].filter(s => s.type === 'inbound-rtp');
    throw new Error(`nothing is heard in ${name}: ${JSON.stringify(report)}`);
  };
  window.again = async name => {
    const {alice} = rooms[name];
    await alice.setLocalDescription();
    return {sdp: alice.localDescription.sdp, mid: alice.getTransceivers()[0].mid};
  };
  window.answered = (name, sdp) => rooms[name].alice.setRemoteDescription({type: 'answer', sdp});
  window.answer = async (name, sdp, only) => {
    const takes = new RegExp(only ?? '', 'i');
    const {bob, sizes} = rooms[name];
    bob.ontrack = ({track}) => {
      const video = Object.assign(document.createElement('video'), {muted: track.kind === 'video', autoplay: true});
      video.onresize = () => sizes.push(video.videoHeight);
      video.srcObject = new MediaStream([track]);
      document.body.append(video);
    };
    await bob.setRemoteDescription({type: 'offer', sdp});
    for (const transceiver of bob.getTransceivers()) {
      const {codecs} = RTCRtpReceiver.getCapabilities(transceiver.receiver.track.kind);
      transceiver.setCodecPreferences(codecs.filter(({mimeType}) => takes.test(mimeType)));
    }
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


class Room:
    """Alice and Bob in a room of their own."""

    def __init__(self, page: Page, worker: RunningWorker, name: str, codecs: list[VideoCodec]) -> None:
        self.page = page
        self.worker = worker
        self.name = name
        self.codecs = codecs
        self.alice, self.bob = f"alice-{name}", f"bob-{name}"

    async def do(self, function: str, *arguments: object) -> Any:
        """Call a function of the page for this room."""
        script = f"arguments => {function}(...arguments)"
        return await self.page.evaluate(script, [self.name, *arguments])

    async def publish(self, offer: dict[str, str], source: Source = "camera") -> str:
        reply = await self.worker.ask(Publish(self.name, self.alice, 1, offer["sdp"], {offer["mid"]: source}))
        answer = structure_result(reply.result, Answer).sdp
        await self.do("answered", answer)
        return answer

    async def open(self, function: str, source: Source, *only: str) -> None:
        """Have both join and connect."""
        await self.worker.ask(Join(self.name, self.alice, 1, self.codecs))
        await self.publish(await self.do(function), source)
        await self.worker.leg(self.alice, "publish", "connected", timeout=15)
        await self.worker.ask(Join(self.name, self.bob, 1, self.codecs))
        await self.subscribe(*only)
        await self.worker.leg(self.bob, "subscribe", "connected", timeout=15)

    async def subscribe(self, *only: str) -> None:
        """Answer the next offer, with codecs whose names fit only."""
        offer = await self.worker.offer(self.bob, timeout=15)
        answer = await self.do("answer", offer.sdp, *only)
        await self.worker.ask(Accept(self.name, self.bob, 1, offer.offer, answer))


async def _layers(room: Room) -> dict[str, Any]:
    """Have pictures in one codec, and change between their layers; return what came of it."""
    await room.open("offer", "camera")
    await room.do("goesOn")
    for lines in (360, 180, 360):
        await room.worker.ask(Layout(room.name, room.bob, 1, {room.alice: lines}))
        await room.page.wait_for_function(
            "([name, lines]) => rooms[name].sizes.at(-1) === lines", arg=[room.name, lines], timeout=20_000
        )
        await asyncio.sleep(BETWEEN)
    received: dict[str, Any] = await room.do("goesOn")
    received["sent"] = await room.do("sent")
    await room.do("end")
    return received


def _run(call: Callable[[Page, RunningWorker], Awaitable[None]]) -> None:
    path = chromium.find()
    assert path is not None, "Chromium is not installed: `make test` installs it"

    async def main() -> None:
        async with ready_worker() as worker, async_playwright() as playwright:
            started = await playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
            try:
                page = await started.new_page()
                await page.evaluate(SCRIPT)
                await call(page, worker)
            finally:
                await started.close()

    asyncio.run(main())


def test_every_codec_is_forwarded_and_spliced(measured: Measured) -> None:
    async def call(page: Page, worker: RunningWorker) -> None:
        rooms = [Room(page, worker, codec, [codec]) for codec in VIDEO_CODECS]
        for codec, received in zip(VIDEO_CODECS, await asyncio.gather(*map(_layers, rooms)), strict=True):
            assert received["codec"].lower() == f"video/{codec}"
            assert received["lost"] == 0
            assert all(" L1T" in each for each in received["sent"]), received["sent"]
            measured(f"{codec}: {received['frames']} frames, {received['freezes']} freezes")

    _run(call)


def test_pages_change_to_a_codec_that_everyone_has_and_voices_have_redundancy(measured: Measured) -> None:
    async def change(room: Room) -> None:
        await room.open("offer", "camera", "vp8|rtx")
        await room.worker.event(lambda e: isinstance(e, Republish) and e.participant == room.alice)
        assert "VP8" in await room.publish(await room.do("again"))
        for _ in range(2):
            await room.subscribe("vp8|rtx")
        received = await room.do("goesOn")
        assert received["codec"] == "video/VP8"

    async def speak(room: Room, only: str, least: float = 0.0) -> float:
        """Return the size of packets, of half a second in which it is more than that."""
        await room.open("speak", "microphone", only)
        heard = await room.do("heard", least)
        assert heard["codec"] == "audio/opus", "whether it is in RED is not told"
        assert heard["lost"] == 0
        measured(f"{only}: {heard['size']:.0f} bytes a packet")
        return float(heard["size"])

    async def call(page: Page, worker: RunningWorker) -> None:
        async def listen() -> None:
            once = await speak(Room(page, worker, "plain", ["vp8"]), "opus")
            # Not from its first packet on: while little is known of a link it is spared.
            await speak(Room(page, worker, "red", ["vp8"]), "opus|red", 1.5 * once)

        await asyncio.gather(change(Room(page, worker, "change", ["vp9", "vp8"])), listen())

    _run(call)
