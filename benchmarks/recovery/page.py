"""What is put into each page: its own way through the relay, and a script that notes four times a second what came."""

from __future__ import annotations

from typing import Any

import attrs
from playwright.sync_api import BrowserContext, Page

#: Runs before anything of the page's. ANNOUNCED and OWN are ports of the relay. Whose a track is, is known by the tile
#: that it is shown in; that it was shown there once is enough, as a page takes out what has stopped.
_SCRIPT = """(() => {
  const take = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    if (!description?.sdp) return take.apply(this, arguments);
    const sdp = description.sdp.replaceAll('127.0.0.1 ANNOUNCED ', '127.0.0.1 OWN ');
    return take.call(this, {type: description.type, sdp});
  };
  const connections = new Set();
  const Native = RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...options) {
      super(...options);
      connections.add(this);
    }
  };

  // Two cores encode the pictures of four people, and show each all the others'.
  const ask = navigator.mediaDevices.getUserMedia;
  navigator.mediaDevices.getUserMedia = function (wish) {
    const video = wish?.video ? {width: 640, height: 360} : wish?.video;
    return ask.call(this, {...wish, video});
  };

  const owners = new Map();
  const samples = window.samples = [];
  function look() {
    for (const tile of document.querySelectorAll('[role=group]'))
      for (const element of tile.querySelectorAll('video, audio'))
        for (const track of element.srcObject?.getTracks() ?? []) owners.set(track.id, tile.getAttribute('aria-label'));
  }
  async function note() {
    look();
    for (const connection of connections) {
      if (connection.signalingState === 'closed') {
        connections.delete(connection);
        continue;
      }
      const at = Date.now() / 1000;
      const report = await connection.getStats().catch(() => new Map());
      for (const s of report.values())
        if (s.type === 'inbound-rtp' && owners.has(s.trackIdentifier))
          samples.push({
            at, of: owners.get(s.trackIdentifier), kind: s.kind, stream: s.id + s.ssrc,
            frames: s.framesDecoded ?? 0, freezes: s.freezeCount ?? 0,
            concealed: s.concealedSamples ?? 0, samples: s.totalSamplesReceived ?? 0,
            octets: s.bytesReceived, height: s.frameHeight ?? 0,
          });
    }
    if (samples.length > 20000) samples.splice(0, 10000);
  }
  setInterval(() => void note(), 250);
})()"""


@attrs.frozen
class Sample:
    """What one page had received of one track at a moment; all but ``height`` grows."""

    at: float
    of: str
    kind: str
    stream: str
    frames: int
    freezes: int
    concealed: int
    samples: int
    octets: int
    height: int


def prepare(context: BrowserContext, announced: int, own: int) -> None:
    """Have the pages of a context go through the relay by their own port, and note what they receive."""
    context.add_init_script(_SCRIPT.replace("ANNOUNCED", str(announced)).replace("OWN", str(own)))


def noted(page: Page) -> list[Sample]:
    """Return what was noted since this was last asked."""
    found: list[dict[str, Any]] = page.evaluate("samples.splice(0)")
    return [Sample(**each) for each in found]
