"""What is wrong is shown to whom it concerns, and no longer than it is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import attrs
import pytest
from playwright.sync_api import Locator, WebSocketRoute, expect

from tests.browser.conftest import Bring
from tests.browser.person import Person

#: Puts the microphone's level, its mute and the browser's permission to play into the hands of the test.
HANDS = """
window.hands = {level: 0, allowed: true, tracks: []};
const ask = MediaDevices.prototype.getUserMedia;
MediaDevices.prototype.getUserMedia = async function (constraints) {
  const stream = await ask.call(this, constraints);
  hands.tracks.push(...stream.getTracks());
  return stream;
};
hands.mute = muted => {
  const track = hands.tracks.find(({kind}) => kind === 'audio');
  Object.defineProperty(track, 'muted', {value: muted, configurable: true});
  track.dispatchEvent(new Event(muted ? 'mute' : 'unmute'));
};
AnalyserNode.prototype.getFloatTimeDomainData = array => array.fill(hands.level);
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  if (hands.allowed || this.muted) return play.call(this);
  return Promise.reject(new DOMException('click first', 'NotAllowedError'));
};
document.addEventListener('click', ({target}) => {
  if (target.closest?.('hint-bar')) hands.allowed = true;
}, true);
"""


@attrs.define(slots=False)  # Playwright notes its own on it
class Wire:
    """Somebody's socket, on which the test may say things in the server's name, and hears what the page reports."""

    person: Person
    sockets: list[WebSocketRoute] = attrs.Factory(list)
    reports: list[dict[str, Any]] = attrs.Factory(list)

    @classmethod
    def tap(cls, person: Person) -> Wire:
        wire = cls(person)
        person.page.route_web_socket("**/ws", wire._route)
        return wire

    def _route(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        self.sockets.append(socket)

        def up(frame: str | bytes) -> None:
            if (said := json.loads(frame))["type"] == "report":
                self.reports.append(said)
            server.send(frame)

        socket.on_message(up)
        # what the server itself finds is not what is tested here
        server.on_message(lambda frame: None if json.loads(frame)["type"] in SCRIPTED else socket.send(frame))

    def tell(self, *events: dict[str, Any]) -> None:
        for event in events:
            self.sockets[-1].send(json.dumps(event))

    def reported(self, **fields: Any) -> None:
        """Wait until the page reports it."""
        self.person.wait_until(lambda: self.reports and _holds(self.reports[-1], fields), f"a report of {fields}")


SCRIPTED = ("signal", "problem", "problem_over")


def _holds(report: dict[str, Any], fields: dict[str, Any]) -> bool:
    return all((report[k]["state"] if isinstance(report[k], dict) else report[k]) == v for k, v in fields.items())


def problem(kind: str, whose: str | None, *, concerns: Iterable[str] = (), **more: Any) -> dict[str, Any]:
    name = {"kind": kind, "participant": whose, "direction": None, "source": None, **more}
    return {
        "type": "problem", **name, "severity": "severe", "since": 1_700_000_000,
        "concerns": list(concerns), "figures": {},
    }  # fmt: skip


def over(said: dict[str, Any]) -> dict[str, Any]:
    return {"type": "problem_over", **{k: said[k] for k in ("kind", "participant", "direction", "source")}}


def hint(person: Person) -> Locator:
    return person.page.locator("hint-bar")


def identity(at: Person, of: str) -> str:
    found = at.tile(of).get_attribute("data-participant")
    assert found is not None
    return found


def test_what_the_server_finds_is_shown_and_gone_again(bring: Bring) -> None:
    ada, bob = bring("Ada"), bring("Bob").join()
    wire = Wire.tap(ada)
    ada.join()
    expect(ada.tile("Bob")).to_be_visible()
    a, b = identity(ada, "Ada (you)"), identity(ada, "Bob")

    slow, silent = problem("network_slow", a, direction="uplink"), problem("microphone_silent", b, source="microphone")
    bars = {"type": "signal", "participant": b, "level": 2, "uplink": 2, "downlink": 4, "since": 1_700_000_000}
    wire.tell(bars, silent, slow, problem("camera_dark", a, source="camera"))
    about = ada.tile("Bob").get_by_role("button", name="Bob. Their connection is poor: what they send, since")
    expect(about).to_be_visible()
    expect(ada.tile("Bob").get_by_text("No sound from microphone")).to_be_visible()
    about.focus()
    ada.page.keyboard.press("Enter")
    card = ada.page.get_by_role("dialog", name="Bob")
    expect(card).to_contain_text("Their microphone is on, and no sound comes from it, since")
    card.get_by_role("button", name="Connection details").click()
    expect(card).to_be_hidden()
    figures = ada.page.get_by_role("dialog", name="Connection")
    expect(figures.get_by_role("img", name=re.compile(r"Receiving: \d+ kbit.s now")).first).to_be_visible()
    expect(figures.get_by_role("heading", name="Bob")).to_be_visible()
    ada.page.keyboard.press("Escape")
    expect(figures).to_be_hidden()
    expect(about).to_be_focused()
    # one sentence of two, read out, with what helps
    expect(hint(ada)).to_contain_text("Your connection is slow: others may see you blurred.")
    ada.told("Your connection is slow")
    ada.click("Turn camera off")
    expect(ada.button("Camera")).to_have_attribute("aria-pressed", "false")
    expect(hint(ada)).to_contain_text("others may hear you with gaps")
    wire.tell(over(slow), over(silent))
    expect(hint(ada)).to_be_hidden()
    expect(ada.tile("Bob").get_by_text("No sound from microphone")).to_be_hidden()

    overloaded = problem("server_overloaded", None)
    wire.tell(overloaded)
    expect(ada.page.get_by_text("The server is very busy").first).to_be_visible()
    wire.tell(over(overloaded), silent)
    expect(ada.page.locator("call-banner").filter(has_text="very busy")).to_be_hidden()
    # whatever was told on a socket is void without it
    expect(ada.tile("Bob").get_by_text("No sound from microphone")).to_be_visible()
    wire.sockets[-1].close(code=3001)
    expect(ada.tile("Bob").get_by_text("No sound from microphone")).to_be_hidden()
    expect(ada.tile("Bob").get_by_role("button", name="Bob. Their connection: not known yet")).to_be_visible()
    assert bob.page.locator("hint-bar").is_hidden()


def test_what_only_the_page_knows_is_told_to_its_person_and_to_the_others(bring: Bring) -> None:
    ada = bring("Ada")
    ada.page.add_init_script(HANDS)
    wire = Wire.tap(ada)
    ada.join()
    wire.reported(microphone="live", camera="live", sound="playing", talking=False)
    expect(hint(ada)).to_contain_text("No sound comes from your microphone", timeout=10_000)
    ada.page.evaluate("hands.level = 0.2")
    ada.click("Choose another")
    expect(ada.page.get_by_role("dialog", name="Settings")).to_be_visible()
    ada.page.keyboard.press("Escape")
    expect(hint(ada)).to_be_hidden()

    ada.click("Microphone")
    expect(hint(ada)).to_contain_text("You are muted, and seem to be talking.", timeout=10_000)
    wire.reported(microphone="off", talking=True)
    ada.click("Unmute (M)")
    expect(ada.button("Microphone")).to_have_attribute("aria-pressed", "true")
    expect(hint(ada)).to_be_hidden()

    # who comes now is not heard before a click
    ada.page.evaluate("hands.allowed = false")
    bob = bring("Bob").join()
    expect(hint(ada)).to_contain_text("Your browser holds back the sound.", timeout=10_000)
    wire.reported(sound="blocked")
    ada.click("Click to hear everyone")
    expect(hint(ada)).to_be_hidden()

    ada.page.evaluate("hands.mute(true)")
    expect(hint(ada)).to_contain_text("Your microphone is muted by the system")
    expect(bob.tile("Ada").get_by_text("No sound from microphone")).to_be_visible(timeout=15_000)


#: Names, marks and bars that something lies over, and whether anything is cut off.
COVERED = """() => {
  const over = [...document.querySelectorAll('hint-bar, call-banner')].filter(each => each.checkVisibility());
  const shown = [...document.querySelectorAll('person-tile :is(.plate, .mark)')].filter(each => each.checkVisibility());
  const lies = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const boxes = new Map([...over, ...shown].map(each => [each, each.getBoundingClientRect()]));
  const covered = shown.filter(each => over.some(one => lies(boxes.get(one), boxes.get(each))));
  const outside = [...boxes].filter(([, box]) => box.left < 0 || box.right > innerWidth || box.bottom > innerHeight);
  return [over.length, shown.length, covered.length, outside.length];
}"""


@pytest.mark.parametrize(("width", "height"), [(320, 640), (390, 844), (768, 1024), (1440, 900), (740, 360)])
def test_what_is_said_lies_over_nobodys_name_or_mark(bring: Bring, width: int, height: int) -> None:
    ada = bring("Ada", viewport={"width": width, "height": height})
    wire = Wire.tap(ada)
    ada.join()
    bring("Bob").join()
    expect(ada.tile("Bob")).to_be_visible()
    a, b = identity(ada, "Ada (you)"), identity(ada, "Bob")
    slow = problem("network_slow", a, direction="uplink")
    wire.tell(problem("server_overloaded", None), problem("microphone_silent", b, source="microphone"), slow)
    expect(hint(ada)).to_be_visible()
    expect(ada.tile("Bob").get_by_text("No sound from microphone")).to_be_attached()
    # two plates and two marks; tiles glide to their places
    ada.wait_until(lambda: ada.page.evaluate(COVERED) == [2, 4, 0, 0], "nothing over a name or a mark")


def test_bars_say_what_and_since_when_and_a_hint_is_read_out_once(bring: Bring) -> None:
    ada = bring("Ada")
    wire = Wire.tap(ada)
    ada.join()
    bring("Bob").join()
    expect(ada.tile("Bob")).to_be_visible()
    a, b = identity(ada, "Ada (you)"), identity(ada, "Bob")
    ada.watch_status()
    wire.tell({"type": "signal", "participant": b, "level": 2, "uplink": 2, "downlink": 4, "since": 1_700_000_000})
    says = "Their connection is poor: what they send, since"
    bars = ada.tile("Bob").get_by_role("button", name=f"Bob. {says}")
    expect(bars).to_be_visible()
    bars.hover()
    tip = bars.evaluate("bars => getComputedStyle(bars, '::before').content")
    assert re.search(rf"{says} .*\d", tip), tip
    # The bars, and the mark, say nothing by themselves.
    slow = problem("network_slow", a, direction="uplink")
    wire.tell(slow, problem("microphone_silent", b, source="microphone"))
    mark = ada.tile("Bob").get_by_text("No sound from microphone")
    expect(mark).to_be_visible()
    live = "each => each.closest('[aria-live], [role=status], [role=alert], [role=log]') !== null"
    assert [each.evaluate(live) for each in (bars, mark, hint(ada))] == [False, False, False]
    # The hint is, politely, and once: not again for each word of the server's on the same matter.
    ada.said_at("Your connection is slow")
    for severity in ("mild", "severe", "mild"):
        wire.tell({**slow, "severity": severity})
        ada.page.wait_for_timeout(200)
    wire.tell(over(slow))
    expect(hint(ada)).to_be_hidden(timeout=10_000)
    wire.tell(slow)
    expect(hint(ada)).to_be_visible()
    ada.page.wait_for_timeout(500)
    said = [text for _, text in ada.page.evaluate("window.said")]
    assert sum(text.startswith("Your connection is slow") for text in said) == 1, said
    assert not [text for text in said if "Bob" in text and "joined" not in text]
    expect(ada.page.get_by_role("status")).to_have_attribute("aria-live", "polite")
