"""A person at a browser, by the names that assistive technology sees."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Locator, Page, expect

#: Reads a few pixels of a video: their mean brightness, or null while there is no picture.
_BRIGHTNESS = """video => {
  if (!video.videoWidth) return null;
  const canvas = new OffscreenCanvas(16, 9);
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 16, 9);
  const data = context.getImageData(0, 0, 16, 9).data;
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) sum += data[i] + data[i + 1] + data[i + 2];
  return sum / (data.length / 4 * 3);
}"""

#: What has been received on the subscribe leg, by mid.
_RECEIVED = """async () => {
  const leg = window.chatroom.legs().subscribe;
  const found = {};
  if (!leg) return found;
  (await leg.getStats()).forEach(s => {
    if (s.type === 'inbound-rtp')
      found[s.mid] = {kind: s.kind, packets: s.packetsReceived, frames: s.framesDecoded ?? 0, lost: s.packetsLost};
  });
  return found;
}"""

#: The pair of candidates that each leg uses.
_WAYS = """async () => {
  const found = {};
  for (const [name, leg] of Object.entries(window.chatroom.legs())) {
    if (!leg) continue;
    const stats = await leg.getStats();
    const transport = [...stats.values()].find(s => s.type === 'transport');
    const pair = stats.get(transport?.selectedCandidatePairId);
    const [local, remote] = [stats.get(pair?.localCandidateId), stats.get(pair?.remoteCandidateId)];
    if (!local || !remote) continue;
    const how = local.candidateType === 'relay' ? 'relayed' : 'directly';
    found[name] = `${remote.protocol} ${how} ${remote.address}`;
  }
  return found;
}"""

#: Notes when each of the others' pictures is shown: what a person sees, without asking for statistics all the time.
_WATCH_PICTURES = """expected => {
  const shown = new Map(), before = window.chatroom.legs().subscribe;
  let longest = 0;
  const ages = () => [...shown.values()].map(at => performance.now() - at);
  const watch = window.pictures = {
    flowing: () => shown.size >= expected && ages().every(age => age < 500),
    longest: () => Math.max(longest, ...ages()),
    renewed: () => ![null, before].includes(window.chatroom.legs().subscribe),
  };
  for (const video of document.querySelectorAll('person-tile:not(.own) video')) {
    const look = (_, {presentationTime}) => {
      if (window.pictures !== watch) return;
      longest = Math.max(longest, presentationTime - (shown.get(video) ?? presentationTime));
      shown.set(video, presentationTime);
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  }
}"""

#: What a browser writes into its console where nobody can be reached, whatever the page makes of it.
_NO_NETWORK = ("WebSocket connection to", "Failed to load resource")


class Person:
    """Someone with a page open."""

    def __init__(self, page: Page, url: str, name: str, room: str) -> None:
        self.page = page
        self.name = name
        self.room = room
        self.url = f"{url}/r/{room}"
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)

    def forgive_the_network(self) -> None:
        """Forget the errors that say no more than that nobody could be reached."""
        self.errors = [error for error in self.errors if not error.startswith(_NO_NETWORK)]

    def open(self) -> Person:
        self.page.goto(self.url)
        self.page.get_by_role("textbox", name="Your name").fill(self.name)
        return self

    def join(self) -> Person:
        self.open()
        self.click("Join")
        expect(self.tile(f"{self.name} (you)")).to_be_visible()
        return self

    def click(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def tile(self, name: str) -> Locator:
        return self.page.get_by_role("group", name=name, exact=True)

    def listed(self, name: str) -> Locator:
        """Someone's line in the list of people."""
        return self.page.get_by_role("list", name="People").get_by_role("listitem").filter(has_text=name)

    def sees(self, *others: Person) -> None:
        """Wait until each of the others has a tile with a picture that is not black."""
        for other in others:
            expect(self.tile(other.name)).to_be_visible()
        self.wait_until(lambda: all((self.brightness(o.name) or 0) > 8 for o in others), "a picture of everyone")

    def ways(self) -> dict[str, str]:
        """How the packets of each connection go: by which protocol, directly or by a relay, and to which address."""
        value: dict[str, str] = self.page.evaluate(_WAYS)
        return value

    def brightness(self, name: str) -> float | None:
        value: float | None = self.tile(name).locator("video").evaluate(_BRIGHTNESS)
        return value

    def received(self) -> dict[str, dict[str, Any]]:
        value: dict[str, dict[str, Any]] = self.page.evaluate(_RECEIVED)
        return value

    def watch_pictures(self, expected: int) -> None:
        """Note from now on when the pictures of so many others are shown, for `gap`. They have their tiles already."""
        self.page.evaluate(_WATCH_PICTURES, expected)

    def pictures_flow(self) -> bool:
        """Whether all of them come now."""
        flowing: bool = self.page.evaluate("window.pictures.flowing()")
        return flowing

    def receives_anew(self) -> bool:
        """Whether they come by another connection than when they began to be watched, if they come."""
        renewed: bool = self.page.evaluate("window.pictures.renewed()")
        return renewed

    def gap(self) -> float:
        """The longest time from one picture of somebody to the next, in seconds, up to now."""
        longest: float = self.page.evaluate("window.pictures.longest()")
        return longest / 1000

    def sent_lines(self) -> int:
        """The height of the largest picture that this person sends, in pixels."""
        value: int = self.page.evaluate("""async () => {
          const report = await window.chatroom.legs().publish.getStats();
          const sent = [...report.values()].filter(s => s.type === 'outbound-rtp' && s.kind === 'video' && s.active);
          return Math.max(0, ...sent.map(s => s.frameHeight ?? 0));
        }""")
        return value

    def mark(self, name: str) -> float:
        """Milliseconds since the page began, of a moment it noted."""
        self.page.wait_for_function("name => window.chatroom.marks[name] !== undefined", arg=name)
        value: float = self.page.evaluate("name => window.chatroom.marks[name]", name)
        return value

    def told(self, text: str, timeout: float = 5_000) -> None:
        """Wait until the status region says it."""
        expect(self.page.get_by_role("status").filter(has_text=text)).to_have_count(1, timeout=timeout)

    def wait_until(self, condition: Any, what: str, timeout: float = 15.0) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"{self.name} waited {timeout} s for {what}"
            self.page.wait_for_timeout(50)

    def watch_status(self) -> None:
        """Note when the status region says what, for `said_at`."""
        self.page.evaluate("""() => {
          window.said = [];
          const region = document.querySelector('[role=status]');
          new MutationObserver(changes => {
            for (const change of changes)
              for (const node of change.addedNodes) window.said.push([Date.now(), node.textContent]);
          }).observe(region, {childList: true, subtree: true});
        }""")

    def said_at(self, text: str) -> float:
        """Wait until the status region has said it, and return when that was, in Unix milliseconds."""
        self.page.wait_for_function("text => window.said.some(([, said]) => said.startsWith(text))", arg=text)
        at: float = self.page.evaluate("text => window.said.find(([, said]) => said.startsWith(text))[0]", text)
        return at
