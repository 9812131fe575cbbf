"""One does not hear another, and it is nobody's device or network: the server finds out, and tells those two."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Bring
from tests.browser.person import Person

#: A browser that takes no sound of one participant, as one does to which something has gone wrong: `refused` is their
#: id. What the page reports is what it knows: it plays the sound of everybody of whom it gets some.
REFUSES = """(() => {
  window.refused = '';
  let mids = [];
  const parse = JSON.parse;
  JSON.parse = function (...all) {
    const word = parse.apply(this, all);
    if (word?.type === 'offer') {
      const tracks = Object.entries(word.tracks).filter(([, {source}]) => source === 'microphone');
      mids = tracks.map(([mid, {participant}]) => [mid, participant === refused]);
    }
    return word;
  };
  const answer = RTCPeerConnection.prototype.createAnswer;
  RTCPeerConnection.prototype.createAnswer = function (...all) {
    for (const transceiver of this.getTransceivers()) {
      const [, refuse] = mids.find(([mid]) => mid === transceiver.mid) ?? [];
      if (refuse !== undefined) transceiver.direction = refuse ? 'inactive' : 'recvonly';
    }
    return answer.apply(this, all);
  };
})()"""
#: Whoever is new has five seconds to be subscribed to, and it must be so for four; on a busy machine.
PATIENCE = 30_000


def mark(at: Person, of: str, text: str) -> Locator:
    return at.tile(of).get_by_text(text, exact=True)


def test_who_gets_nothing_of_somebody_is_told_and_so_are_they_until_it_comes(bring: Bring) -> None:
    ada, eve = bring("Ada"), bring("Eve")
    eve.page.add_init_script(REFUSES)
    ada.join()
    eve.join()
    for one, other in ((ada, eve), (eve, ada)):
        one.sees(other)
    eve.page.evaluate("id => (window.refused = id)", eve.tile("Ada").get_attribute("data-participant"))
    dan = bring("Dan").join()  # with whom there is another offer

    here, there = mark(eve, "Ada", "You cannot hear them"), mark(ada, "Eve", "Cannot hear you")
    expect(here).to_be_visible(timeout=PATIENCE)
    expect(there).to_be_visible(timeout=PATIENCE)
    expect(ada.page.locator("hint-bar")).to_contain_text("Eve cannot hear you just now.", timeout=PATIENCE)
    # It is between these two, and of that one way.
    for at, of in ((ada, "Dan"), (eve, "Dan"), (dan, "Ada"), (dan, "Eve")):
        expect(at.tile(of).locator(".mark")).to_be_hidden()
    assert eve.page.locator("hint-bar").is_hidden()

    eve.page.evaluate("window.refused = ''")
    bring("Fay").join()
    for gone in (here, there, ada.page.locator("hint-bar")):
        expect(gone).to_be_hidden(timeout=PATIENCE)
