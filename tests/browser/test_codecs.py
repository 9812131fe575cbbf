"""Someone comes whose browser cannot decode what the others send, and everybody's page changes over."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, Playwright

from tests.browser import chromium
from tests.browser.conftest import Bring
from tests.browser.person import Person
from tests.browser.world import ARGUMENTS
from tests.processes import Server, running_server

#: A browser that has no VP9 reads and writes no word of it.
_WITHOUT_VP9 = """(() => {
  const without = sdp => {
    const numbers = [...sdp.matchAll(/^a=rtpmap:(\\d+) VP9\\//gm)].map(([, number]) => number);
    const repairs = [...sdp.matchAll(/^a=fmtp:(\\d+) apt=(\\d+)/gm)].filter(([, , of]) => numbers.includes(of));
    const gone = new Set([...numbers, ...repairs.map(([, number]) => number)]);
    return sdp.split('\\r\\n')
      .filter(line => !gone.has(/^a=(?:rtpmap|fmtp|rtcp-fb):(\\d+) /.exec(line)?.[1]))
      .map(line => line.split(' ').filter((word, n) => n < 3 || !line.startsWith('m=') || !gone.has(word)).join(' '))
      .join('\\r\\n');
  };
  const {prototype} = RTCPeerConnection;
  const {createOffer, setRemoteDescription} = prototype;
  prototype.createOffer = async function (...options) {
    const {type, sdp} = await createOffer.apply(this, options);
    return {type, sdp: without(sdp)};
  };
  prototype.setRemoteDescription = function ({type, sdp}) {
    return setRemoteDescription.call(this, {type, sdp: sdp.replaceAll(' VP9/', ' unheard-of/')});
  };
})()"""

#: The codecs of what is received, by kind.
_CODECS = """async () => {
  const report = await window.chatroom.legs().subscribe.getStats();
  return [...report.values()].filter(s => s.type === 'inbound-rtp' && report.has(s.codecId) && s.packetsReceived)
    .map(s => report.get(s.codecId).mimeType).sort();
}"""


@pytest.fixture
def server() -> Generator[Server, None, None]:
    with running_server("--video-codecs", "vp9", "--video-codecs", "vp8") as started:
        yield started


@pytest.fixture
def calm(playwright: Playwright) -> Generator[Browser, None, None]:
    """Start a browser of five pictures a second: what a busy machine cannot decode is taken for a slow network."""
    started = playwright.chromium.launch(executable_path=chromium.find(), args=ARGUMENTS)
    yield started
    started.close()


def codecs(person: Person) -> list[str]:
    found: list[str] = person.page.evaluate(_CODECS)
    return found


def test_everyone_changes_to_what_the_last_to_come_can_decode(bring: Bring, calm: Browser) -> None:
    small = {"on": calm, "viewport": {"width": 640, "height": 480}}
    ada, bob = (bring(name, **small).join() for name in ("Ada", "Bob"))
    ada.sees(bob)
    bob.sees(ada)
    assert codecs(ada) == codecs(bob) == ["audio/opus", "video/VP9"]
    connection = ada.page.evaluate_handle("() => window.chatroom.legs().publish")

    eve = bring("Eve", **small)
    eve.page.add_init_script(_WITHOUT_VP9)
    eve.join()
    eve.sees(ada, bob)
    for person in (ada, bob):
        person.wait_until(lambda person=person: "video/VP9" not in codecs(person), "another codec", timeout=25)
        person.sees(*(other for other in (ada, bob, eve) if other is not person))
    assert codecs(eve) == ["audio/opus", "audio/opus", "video/VP8", "video/VP8"]
    assert ada.page.evaluate("before => window.chatroom.legs().publish === before", connection)
