"""Faults between two people in browsers, and what the server says of each: see `benchmarks.diagnose` for all of them.

Bob should be heard or seen by Ada. A fault is put in before they come to the scene (a script in a page, a browser
with other options) or while they are there.
"""

from __future__ import annotations

import os
import signal
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from playwright.sync_api import expect

from tests.browser.scene import ARGUMENTS, Scene, both, wait

#: As many seconds pass before anybody asks why.
SETTLED = 1.0

#: Keeps what is needed of getUserMedia, for faults that are of a track.
_TRACKS = """(() => {
  const ask = navigator.mediaDevices.getUserMedia;
  window.given = [];
  navigator.mediaDevices.getUserMedia = async function (wish) {
    const stream = await ask.call(this, wish);
    window.given.push(...stream.getTracks());
    return stream;
  };
})()"""
#: A browser that knows none of the codecs of pictures.
_NO_CODEC = """(() => {
  const take = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    if (description?.type !== 'offer') return take.apply(this, arguments);
    const sdp = description.sdp.replace(/(VP8|VP9|AV1|H264|H265)\\/90000/g, 'VP7/90000');
    return take.call(this, {type: 'offer', sdp});
  };
})()"""
#: An encoder whose whole pictures get lost. What its page receives does, too, as nobody takes it out of the streams.
_NO_KEYFRAMES = """(() => {
  const Native = RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(options) {
      super({...options, encodedInsertableStreams: true});
    }
    addTransceiver(...all) {
      const transceiver = super.addTransceiver(...all);
      const {readable, writable} = transceiver.sender.createEncodedStreams();
      const drop = new TransformStream({
        transform(frame, controller) {
          if (frame.type !== 'key') controller.enqueue(frame);
        },
      });
      readable.pipeThrough(drop).pipeTo(writable).catch(() => {});
      return transceiver;
    }
    setConfiguration(options) {
      super.setConfiguration({...options, encodedInsertableStreams: true});
    }
  };
})()"""
#: As a page does that was reloaded, or opened by a link in another program.
_JOINS_BY_ITSELF = """(() => {
  const timer = setInterval(() => {
    const box = document.querySelector('input');
    const join = [...document.querySelectorAll('button')].find(each => each.textContent === 'Join');
    if (!box || !join) return;
    clearInterval(timer);
    box.value = 'Ada';
    box.dispatchEvent(new Event('input', {bubbles: true}));
    join.click();
  }, 200);
})()"""
_SENDER = "window.chatroom.legs().publish.getSenders().find(s => s.track?.kind === 'audio')"


@attrs.frozen
class Fault:
    """Something that goes wrong. ``play`` brings both, breaks it, and returns when that is done.

    ``codes`` are the verdicts that name the cause. ``settled`` is how long it takes until anything can be noticed.
    """

    name: str
    codes: tuple[str, ...]
    play: Callable[[Scene], None]
    kind: str = "audio"
    settled: float = SETTLED
    #: Needs a server of its own, with these options; and no relay stands before it.
    server: tuple[str, ...] | None = None


# ---- what goes wrong


def nothing(scene: Scene) -> None:
    both(scene)
    wait(scene, 4.0)


def microphone_off(scene: Scene) -> None:
    _, bob = both(scene)
    bob.click("Microphone")


def camera_off(scene: Scene) -> None:
    _, bob = both(scene)
    bob.click("Camera")


def muted_by_device(scene: Scene) -> None:
    _, bob = both(scene, bob=_TRACKS)
    bob.page.evaluate("""() => {
      const track = given.find(each => each.kind === 'audio');
      Object.defineProperty(track, 'muted', {get: () => true});
      track.dispatchEvent(new Event('mute'));
    }""")


def permission_denied(scene: Scene) -> None:
    refusing = [*(each for each in ARGUMENTS if "fake-ui" not in each), "--use-fake-ui-for-media-stream=deny"]
    scene.come("Ada").join()
    scene.come("Bob", on=scene.start(refusing)).join()


def unplugged(scene: Scene) -> None:
    _, bob = both(scene, bob=_TRACKS)
    bob.page.evaluate("""() => {
      const track = given.find(each => each.kind === 'audio');
      track.stop();
      track.dispatchEvent(new Event('ended'));
    }""")


def no_packets(scene: Scene) -> None:
    _, bob = both(scene)
    bob.page.evaluate(f"""async () => {{
      const sender = {_SENDER};
      const parameters = sender.getParameters();
      parameters.encodings[0].active = false;
      await sender.setParameters(parameters);
    }}""")


def no_keyframe(scene: Scene) -> None:
    scene.come("Ada").join()
    scene.come("Bob", _NO_KEYFRAMES).join()
    wait(scene, 2.0)


def silent_microphone(scene: Scene) -> None:
    path = Path(scene.server.log.name + ".wav")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(bytes(2 * 48_000))
    ada = scene.come("Ada").join()
    bob = scene.come("Bob", on=scene.start([*ARGUMENTS, f"--use-file-for-fake-audio-capture={path}"])).join()
    ada.sees(bob)
    wait(scene, 3.0)


def covered_camera(scene: Scene) -> None:
    path = Path(scene.server.log.name + ".y4m")
    black = b"FRAME\n" + bytes([16]) * 320 * 180 + bytes([128]) * 320 * 90
    path.write_bytes(b"YUV4MPEG2 W320 H180 F10:1 Ip A1:1 C420jpeg\n" + 2 * black)
    ada = scene.come("Ada").join()
    scene.come("Bob", on=scene.start([*ARGUMENTS, f"--use-file-for-fake-video-capture={path}"])).join()
    expect(ada.tile("Bob")).to_be_visible()
    wait(scene, 4.0)


def blocked_network(scene: Scene) -> None:
    scene.tell("bob block udp")
    scene.tell("bob block tcp")
    scene.come("Ada").join()
    scene.come("Bob").join()


def udp_blocked(scene: Scene) -> None:
    scene.tell("bob block udp")
    ada = scene.come("Ada").join()
    bob = scene.come("Bob").join()
    ada.sees(bob)
    wait(scene, 3.0)


def wrong_address(scene: Scene) -> None:
    scene.come("Ada").join()
    scene.come("Bob").join()


def cut_off(scene: Scene) -> None:
    both(scene)
    scene.tell("bob cut")


def slow_uplink(scene: Scene) -> None:
    both(scene)
    scene.tell("bob up 80kbit+queue300ms")


def slow_downlink(scene: Scene) -> None:
    both(scene)
    scene.tell("ada down 60kbit+queue300ms")


def paused_by_bandwidth(scene: Scene) -> None:
    both(scene)
    scene.tell("ada down 60kbit+queue300ms")


def paused_by_layout(scene: Scene) -> None:
    ada, _ = both(scene)
    ada.page.evaluate("""() => {
      Object.defineProperty(document, 'hidden', {get: () => true});
      Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'});
      document.dispatchEvent(new Event('visibilitychange'));
    }""")


def playback_blocked(scene: Scene) -> None:
    # Who shows themselves may hear others without a click.
    strict = [each for each in ARGUMENTS if "autoplay" not in each and "fake-ui" not in each]
    strict += ["--autoplay-policy=document-user-activation-required", "--use-fake-ui-for-media-stream=deny"]
    # Nor may anybody touch the page, as every word of a test to it does.
    ada = scene.come("Ada", _JOINS_BY_ITSELF, on=scene.start(strict))
    ada.page.goto(ada.url)
    bob = scene.come("Bob").join()
    expect(bob.tile("Ada")).to_be_visible()
    wait(scene, 1.0)


def codec_refused(scene: Scene) -> None:
    scene.come("Ada", _NO_CODEC).join()
    scene.come("Bob").join()


def stopped_worker(scene: Scene) -> None:
    both(scene)
    (worker,) = scene.server.workers()
    os.kill(worker, signal.SIGSTOP)


def dead_tab(scene: Scene) -> None:
    ada = scene.come("Ada").join()
    own = scene.start(ARGUMENTS)
    scene.come("Bob", on=own).join()
    ada.sees(scene.people[1])
    processes = own.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    for process in processes:
        if process["type"] == "renderer":
            os.kill(process["id"], signal.SIGKILL)


FAULTS = (
    Fault("nothing is wrong", ("fine",), nothing),
    Fault("nothing is wrong (camera)", ("fine",), nothing, "video"),
    Fault("UDP blocked, TCP not", ("fine",), udp_blocked),
    Fault("wrong advertised address", ("media_port_unreachable",), wrong_address, server=("--announce", "127.0.0.1:9")),
    Fault("UDP and TCP blocked", ("network_blocks",), blocked_network),
    Fault("media cut off in a call", ("connection_lost",), cut_off, settled=3.5),
    Fault("microphone off in the page", ("switched_off",), microphone_off),
    Fault("camera off in the page", ("switched_off",), camera_off, "video"),
    Fault("microphone muted at the device", ("muted_by_device",), muted_by_device),
    Fault("permission denied", ("permission_denied",), permission_denied),
    Fault("microphone unplugged", ("unplugged",), unplugged),
    Fault("producer without packets", ("no_packets",), no_packets),
    Fault("missing keyframe", ("no_keyframe",), no_keyframe, "video"),
    Fault("silent microphone", ("silent",), silent_microphone),
    Fault("covered camera", ("dark",), covered_camera, "video"),
    Fault("paused by allocation", ("paused_by_bandwidth", "slow_downlink"), paused_by_bandwidth, "video", settled=12.0),
    Fault("paused by layout", ("paused_by_layout",), paused_by_layout, "video", settled=4.0),
    Fault("playback blocked", ("playback_blocked",), playback_blocked),
    Fault("slow uplink", ("slow_uplink",), slow_uplink, settled=4.0),
    Fault("slow downlink", ("slow_downlink",), slow_downlink, settled=4.0),
    Fault("wrong codec", ("codec_refused",), codec_refused, "video"),
    Fault("stopped worker", ("worker_lost", "restoring"), stopped_worker, server=()),
    Fault("dead browser tab", ("away", "gone"), dead_tab),
)


@attrs.frozen
class Told:
    """What was said of a fault, and after how many seconds."""

    fault: Fault
    answer: dict[str, Any]
    seconds: float

    @property
    def right(self) -> bool:
        """Whether the verdict names the cause, within the three seconds there are for it."""
        return self.answer["verdict"]["code"] in self.fault.codes and self.seconds < 3.0


def play(fault: Fault, scene: Scene) -> Told:
    """Have it go wrong in a room of its own, and ask once."""
    scene.room = "".join(letter if letter.isalnum() else "-" for letter in fault.name.lower())
    try:
        fault.play(scene)
        wait(scene, fault.settled)
        return Told(fault, *scene.ask(fault.kind))
    finally:
        scene.clear()
