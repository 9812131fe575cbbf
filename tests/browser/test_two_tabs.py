"""A tab that was duplicated holds the same key: one at a time is the participant."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Bring
from tests.browser.person import Person
from tests.browser.witness import witness
from tests.processes import Server


def test_the_second_tab_takes_over_and_the_first_can_have_it_back(server: Server, bring: Bring) -> None:
    with witness(f"127.0.0.1:{server.port}") as told:
        ada, bob = bring("Ada").join(), bring("Bob").join()
        ada.sees(bob)
        was = told.person("Ada")
        with ada.page.context.expect_page() as opened:
            ada.page.evaluate("void window.open(location.href)")
        twin = Person(opened.value, server.url, "Ada", "blue")
        expect(twin.page.get_by_role("textbox", name="Your name")).to_have_value("Ada")
        twin.click("Join")
        expect(twin.tile("Ada (you)")).to_be_visible()
        expect(ada.page.get_by_text("You are in this call in another tab")).to_be_visible()
        twin.sees(bob)
        bob.sees(twin)

        ada.click("Continue here")
        expect(ada.tile("Ada (you)")).to_be_visible()
        expect(twin.page.get_by_text("You are in this call in another tab")).to_be_visible()
        ada.sees(bob)
        bob.sees(ada)
        assert [news.what for news in told.news("Ada")] == ["joined"]
        assert told.person("Ada") == was
        expect(bob.page.get_by_role("group")).to_have_count(3)
        assert not twin.errors
