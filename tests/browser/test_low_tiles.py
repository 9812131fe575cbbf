"""What is said in a tile that is low: of the connection, of the picture, and whose it is, beside each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

STYLES = Path(__file__).parents[2] / "web/static/styles"
NAMES = ("tokens", "base", "controls", "pages", "room", "tile", "screen", "panel", "feedback")
TILE = """<person-tile class="live small {paused}" style="width: {width}px; height: {height}px">
  <p class="plate"><bdi>Grace Hopper</bdi></p>
  <p class="mark"><svg class="icon" viewBox="0 0 24 24"></svg><span>Slow connection</span></p>
  {words}
</person-tile>"""
#: Pairs of them that lie over each other.
COVERED = """() => {
  const boxes = ['.plate', '.mark', '.paused'].flatMap(which => {
    const found = document.querySelector(which);
    return found ? [[which, found.getBoundingClientRect()]] : [];
  });
  const over = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return boxes.flatMap(([one, a], at) => boxes.slice(at + 1).filter(([, b]) => over(a, b)).map(([two]) => one + two));
}"""


@pytest.mark.parametrize(("width", "height"), [(88, 66), (120, 90), (176, 99), (300, 98)])
@pytest.mark.parametrize("paused", [False, True])
def test_nothing_lies_over_anything_else(browser: Browser, width: int, height: int, paused: bool) -> None:
    words = '<p class="paused">Video paused: slow network</p>' if paused else ""
    tile = TILE.format(width=width, height=height, paused="video-paused" if paused else "", words=words)
    styles = "\n".join((STYLES / f"{name}.css").read_text() for name in NAMES)
    page = browser.new_page()
    try:
        page.set_content(f"<style>{styles}</style>{tile}")
        assert page.evaluate(COVERED) == []
    finally:
        page.close()
