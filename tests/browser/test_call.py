"""People in browsers see, hear and write to each other."""

from __future__ import annotations

import statistics

from playwright.sync_api import expect

from tests.browser.conftest import Bring
from tests.browser.person import Person
from tests.conftest import Measured


def test_three_people_see_hear_and_write_to_each_other(bring: Bring) -> None:
    ada, bob, eve = people = [bring(name).join() for name in ("Ada", "Bob", "Eve")]

    def everyone_sees_everyone() -> None:
        for person in people:
            person.sees(*(other for other in people if other is not person))

    everyone_sees_everyone()
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
    everyone_sees_everyone()
    for person in people:  # no larger than three tiles show it, and not of the camera's 720 lines
        assert 0 < person.sent_lines() <= 480  # less where the machine cannot encode so much

    write(bob, "Hello <b>everyone</b>\n<script>document.title = 'stolen'</script>")
    for person in people:
        open_chat(person)
        log = person.page.get_by_role("log")
        expect(log).to_contain_text("Hello <b>everyone</b>")
        expect(log.locator("b, script")).to_have_count(0)
        expect(person.page).to_have_title("blue · Chatroom")
    expect(ada.page.get_by_role("log")).to_contain_text("Bob")

    for person in people:
        expect(person.page.get_by_role("list", name="People").get_by_role("listitem")).to_have_count(3)

    eve.click("Microphone")
    expect(eve.button("Microphone")).to_have_attribute("aria-pressed", "false")
    for person in (ada, bob):
        expect(person.tile("Eve").get_by_role("img", name="microphone off")).to_be_visible()
    eve.click("Camera")
    for person in (ada, bob):
        expect(person.listed("Eve").get_by_role("img", name="camera off")).to_be_visible()
        expect(person.tile("Eve").locator("video")).to_have_css("opacity", "0")
    eve.click("Microphone")
    eve.click("Camera")
    for person in (ada, bob):
        expect(person.tile("Eve").get_by_role("img", name="microphone off")).to_have_count(0)
        person.sees(eve)


def test_who_comes_later_reads_what_was_written_and_hears_who_is_muted(bring: Bring) -> None:
    ada = bring("Ada").join()
    write(ada, "first")
    write(ada, "second")
    ada.click("Microphone")
    bob = bring("Bob").open()
    bob.click("Camera")
    expect(bob.button("Camera")).to_have_attribute("aria-pressed", "false")
    bob.click("Join")
    ada.told("Bob joined")
    open_chat(bob)
    for text in ("first", "second"):
        expect(bob.page.get_by_role("log")).to_contain_text(text)
    expect(bob.tile("Ada").get_by_role("img", name="microphone off")).to_be_visible()
    expect(ada.listed("Bob").get_by_role("img", name="camera off")).to_be_visible()
    bob.click("Camera")
    ada.sees(bob)


def test_a_name_that_is_markup_is_text(bring: Bring) -> None:
    name = "<img src=x onerror=alert(1)>"
    ada, bob = bring("Ada").join(), bring(name).join()
    ada.told(f"{name} joined")
    expect(ada.tile(name)).to_be_visible()
    expect(ada.page.locator("img[src=x]")).to_have_count(0)
    ada.sees(bob)


def test_from_the_click_to_the_first_picture_of_another(bring: Bring, measured: Measured) -> None:
    """The aim is a median under 700 ms on a machine with nothing else to do; it is reported, not asserted."""
    ada = bring("Ada").join()
    took: list[float] = []
    for number in range(7):
        late = bring(f"Late {number}").open()
        late.page.wait_for_timeout(500)  # a person looks at the preview before joining
        late.click("Join")
        took.append(late.mark("first-remote-frame") - late.mark("join"))
        late.page.close()
        ada.told(f"Late {number} left")
    measured(f"click to first remote frame: median {statistics.median(took):.0f} ms of {[round(t) for t in took]}")
    assert statistics.median(took) < 5_000


def write(person: Person, text: str) -> None:
    open_chat(person)
    box = person.page.get_by_role("textbox", name="Message")
    box.fill(text)
    box.press("Enter")


def open_chat(person: Person) -> None:
    if not person.page.get_by_role("log").is_visible():
        person.click("Chat")
    expect(person.page.get_by_role("log")).to_be_visible()
