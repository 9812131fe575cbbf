"""A real server and a real Chromium with a fake camera and microphone."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.browser import chromium
from tests.browser.netns import Internet
from tests.browser.person import Person
from tests.browser.world import World, made_world
from tests.processes import Server, running_server

Bring = Callable[..., Person]


# First, so that ``-m`` knows them.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            if "internet" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.network)


@pytest.fixture(scope="package")
def chromium_path() -> str:
    found = chromium.find()
    assert found is not None, "Chromium is not installed: `make test` installs it"
    return found


# No longer than this package: it keeps an asyncio loop running in this thread, where other tests want their own.
@pytest.fixture(scope="package")
def playwright(chromium_path: str) -> Generator[Playwright, None, None]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(playwright: Playwright, chromium_path: str) -> Generator[Browser, None, None]:
    started = playwright.chromium.launch(executable_path=chromium_path, args=chromium.ARGUMENTS)
    yield started
    started.close()


@pytest.fixture
def server() -> Generator[Server, None, None]:
    with running_server() as started:
        yield started


@pytest.fixture
def bring(server: Server, browser: Browser) -> Generator[Bring, None, None]:
    """Bring people to the server, each in a browser context of their own; no page may log an error."""
    people: list[Person] = []

    def one(name: str, room: str = "blue", *, on: Browser = browser, **context: Any) -> Person:
        page = on.new_context(**context).new_page()
        person = Person(page, server.url, name, room)
        people.append(person)
        return person

    yield one
    errors = {person.name: person.errors for person in people if person.errors}
    for person in people:
        if not person.page.is_closed():
            person.page.context.close()
    assert not errors


@pytest.fixture(scope="package")
def internet() -> Generator[Internet, None, None]:
    with Internet.made() as network:
        yield network


@pytest.fixture(scope="module")
def world(
    internet: Internet, playwright: Playwright, chromium_path: str, tmp_path_factory: pytest.TempPathFactory
) -> Generator[World, None, None]:
    """A server in a network of its own, a witness in its room, and homes for people; for a module."""
    with made_world(internet, playwright, chromium_path, tmp_path_factory.mktemp("world")) as made:
        yield made
