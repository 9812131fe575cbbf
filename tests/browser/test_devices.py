"""Devices that are on and give nothing: their person is told what to look for, and the others see a mark."""

from __future__ import annotations

import time

from playwright.sync_api import expect

from tests.browser.conftest import Bring
from tests.browser.person import Person
from tests.conftest import Measured

#: A microphone and a camera of the test's, which the page gets for real ones: `devices.loud` and `devices.light`.
DEVICES = """
window.devices = {loud: 0.1, light: true, reads: []};
MediaDevices.prototype.getUserMedia = async function ({audio, video}) {
  const tracks = [];
  if (audio) {
    const context = new AudioContext();
    const buffer = new AudioBuffer({length: 48_000, sampleRate: 48_000});
    const noise = new AudioBufferSourceNode(context, {loop: true, buffer});
    const samples = buffer.getChannelData(0);
    for (let n = 0; n < samples.length; n++) samples[n] = 2 * Math.random() - 1;
    const gain = new GainNode(context, {gain: devices.loud});
    const out = context.createMediaStreamDestination();
    noise.connect(gain).connect(out);
    noise.start();
    setInterval(() => (gain.gain.value = devices.loud), 50);
    tracks.push(...out.stream.getTracks());
  }
  if (video) {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [320, 180];
    const brush = canvas.getContext('2d');
    let n = 0;
    setInterval(() => {
      n += 1;
      brush.fillStyle = devices.light ? '#c96' : '#030303';
      brush.fillRect(0, 0, 320, 180);
      brush.fillStyle = devices.light ? '#124' : n % 2 ? '#000' : '#020202';
      brush.fillRect(20 + n % 200, 40, 80, 100);
    }, 100);
    tracks.push(...canvas.captureStream(10).getTracks());
  }
  return new MediaStream(tracks);
};
const draw = CanvasRenderingContext2D.prototype.getImageData;
const drawImage = CanvasRenderingContext2D.prototype.drawImage;
let began = 0;
CanvasRenderingContext2D.prototype.drawImage = function (...all) {
  began = performance.now();
  return drawImage.apply(this, all);
};
CanvasRenderingContext2D.prototype.getImageData = function (...all) {
  const got = draw.apply(this, all);
  devices.reads.push([began, performance.now() - began]);
  return got;
};
"""


def told_after(ada: Person, hint: str, bob: Person, mark: str) -> tuple[float, float]:
    """Wait until one is told, and the other sees the mark at their tile; return after how many seconds."""
    began = time.monotonic()
    ada.page.wait_for_function(
        """text => {
          const bar = document.querySelector('hint-bar');
          return bar.checkVisibility() && bar.textContent.includes(text);
        }""",
        arg=hint,
    )
    own = time.monotonic() - began
    bob.page.wait_for_function(
        """text => [...document.querySelectorAll('person-tile:not(.own) .mark')]
          .some(mark => mark.checkVisibility() && mark.textContent.includes(text))""",
        arg=mark,
    )
    return own, time.monotonic() - began


def no_hint(person: Person) -> None:
    expect(person.page.locator("hint-bar")).to_be_hidden(timeout=15_000)


def test_a_microphone_that_dies_is_told_and_a_quiet_room_is_not(bring: Bring, measured: Measured) -> None:
    ada, bob = bring("Ada"), bring("Bob").join()
    ada.page.add_init_script(DEVICES)
    ada.join()
    bob.sees(ada)
    # a room in which nobody says anything, as the best microphones hear it
    ada.page.evaluate("devices.loud = 0.00005")
    ada.page.wait_for_timeout(6_000)
    no_hint(ada)
    ada.page.evaluate("devices.loud = 0")
    first, both = told_after(ada, "No sound comes from your microphone", bob, "No sound from microphone")
    mark = bob.tile("Ada").get_by_text("No sound from microphone")
    measured(f"dead microphone: told to its person after {first:.1f} s, to the others after {both:.1f} s")
    ada.page.evaluate("devices.loud = 0.1")
    no_hint(ada)
    expect(mark).to_be_hidden(timeout=15_000)


def test_a_covered_camera_is_told_and_is_over_when_light_comes(bring: Bring, measured: Measured) -> None:
    ada, bob = bring("Ada"), bring("Bob").join()
    ada.page.add_init_script(DEVICES)
    ada.join()
    bob.sees(ada)
    ada.page.wait_for_timeout(3_000)
    no_hint(ada)
    ada.page.evaluate("devices.light = false")
    first, both = told_after(ada, "Your camera shows only black. Is its cover closed", bob, "Camera is dark")
    mark = bob.tile("Ada").get_by_text("Camera is dark")
    measured(f"dark camera: told to its person after {first:.1f} s, to the others after {both:.1f} s")
    reads = ada.page.evaluate("devices.reads")
    costs = sorted(cost for _, cost in reads)
    apart = (reads[-1][0] - reads[0][0]) / (len(reads) - 1)
    measured(f"to look at it: {costs[len(costs) // 2]:.2f} ms, at most {costs[-1]:.1f}, every {apart:.0f} ms")
    assert apart > 650

    # nobody looks at a camera that is off, nor on a page that is not seen
    hide = """hidden => {
      const get = () => hidden ? 'hidden' : 'visible';
      Object.defineProperty(document, 'visibilityState', {get, configurable: true});
      document.dispatchEvent(new Event('visibilitychange'));
    }"""
    ada.page.evaluate(hide, True)
    count = ada.page.evaluate("devices.reads.length")
    ada.page.wait_for_timeout(2_000)
    assert ada.page.evaluate("devices.reads.length") == count
    expect(mark).to_be_visible()
    ada.page.evaluate(hide, False)

    ada.page.evaluate("devices.light = true")
    no_hint(ada)
    expect(mark).to_be_hidden(timeout=15_000)
