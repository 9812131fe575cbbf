"""People in browsers see, hear and write to each other."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Bring


def test_three_people_see_hear_and_write_to_each_other(bring: Bring) -> None:
    ada, bob, eve = people = [bring(name).join() for name in ("Ada", "Bob", "Eve")]
    for person in people:
        person.sees(*(other for other in people if other is not person))
    before = [person.received() for person in people]
    for _ in range(10):
        ada.page.wait_for_timeout(1_000)
        now = [person.received() for person in people]
        for person, earlier, later in zip(people, before, now, strict=True):
            assert sorted(each["kind"] for each in later.values()) == ["audio", "audio", "video", "video"]
            for mid, each in later.items():
                assert each["packets"] > earlier[mid]["packets"], (person.name, mid)
                if each["kind"] == "video":
                    assert each["frames"] > earlier[mid]["frames"], (person.name, mid)
        before = now
    for person in people:
        person.sees(*(other for other in people if other is not person))
