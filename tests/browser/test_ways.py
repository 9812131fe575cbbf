"""The ways from a page to the media port: UDP, TCP where that is blocked, a relay where nothing gets through, IPv6."""

from __future__ import annotations

import time
from collections.abc import Generator

import attrs
import pytest
from playwright.sync_api import Browser, Playwright

from tests.browser.netns import SERVER_ADDRESS, Home, Internet
from tests.browser.person import Person
from tests.browser.world import World, made_world, pictures, pictures_go_on
from tests.conftest import Measured
from tests.processes import running_server
from tests.turn import Turn, running_turn


def ways(how: str) -> dict[str, str]:
    return {"publish": f"{how} {SERVER_ADDRESS}", "subscribe": f"{how} {SERVER_ADDRESS}"}


@attrs.frozen(eq=False)
class Cast:
    world: World
    turn: Turn
    olga: Person


@pytest.fixture(scope="module")
def cast(
    internet: Internet, playwright: Playwright, chromium_path: str, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Cast, None, None]:
    """A server that knows a TURN server, which is in a network of its own, and an onlooker."""
    folder, place = tmp_path_factory.mktemp("ways"), internet.home()
    with running_turn(folder, place.address, 3478, peers=SERVER_ADDRESS, enter=place.inside.enter) as turn:
        options = ["--ice-servers", turn.url(), "--turn-secret-file", str(turn.secret_file)]
        with made_world(internet, playwright, chromium_path, folder, *options) as world:
            yield Cast(world, turn, world.bring("Olga").join())


def comes(cast: Cast, name: str, home: Home) -> tuple[Person, float]:
    """Bring somebody who then sees the onlooker and is seen; return how long that took, in seconds."""
    began = time.time()
    person = cast.world.bring(name, home).join()
    came = pictures_go_on(pictures((person, cast.olga), (cast.olga, person)))
    return person, max(came.values()) - began


def test_by_tcp_where_udp_is_blocked_and_when_it_is_blocked_meanwhile(cast: Cast, measured: Measured) -> None:
    home = cast.world.network.home()
    home.block_udp()
    tom, took = comes(cast, "Tom", home)
    assert tom.ways() == ways("tcp directly")
    assert cast.olga.ways() == ways("udp directly")
    measured(f"with UDP blocked: pictures both ways {took:.2f} s after the page was opened")

    home.unblock_udp()
    tom.page.reload()
    tom.join()
    pictures_go_on(pictures((tom, cast.olga), (cast.olga, tom)))
    assert tom.ways() == ways("udp directly")
    before = pictures((tom, cast.olga), (cast.olga, tom))
    began = time.time()
    home.block_udp()
    pictures_go_on(before)  # a few were on their way
    tom.wait_until(lambda: tom.ways() == ways("tcp directly"), "the other way", timeout=30.0)
    came = pictures_go_on(pictures((tom, cast.olga), (cast.olga, tom)))
    measured(f"UDP blocked meanwhile: pictures go on both ways after {max(came.values()) - began:.2f} s")
    tom.page.context.close()


def test_by_a_relay_where_nothing_gets_through(cast: Cast, measured: Measured) -> None:
    home = cast.world.network.home()
    home.block_media()
    rita, took = comes(cast, "Rita", home)
    assert rita.ways() == ways("udp relayed")
    measured(f"with everything but a relay blocked: pictures both ways {took:.2f} s after the page was opened")
    rita.page.context.close()


def test_by_ipv6(browser: Browser) -> None:
    with running_server("--media-address", "::1") as server:
        people = [Person(browser.new_context().new_page(), server.url, name, "blue").join() for name in ("Ada", "Bob")]
        for person, other in (people, reversed(people)):
            person.sees(other)
            assert person.ways() == {"publish": "udp directly ::1", "subscribe": "udp directly ::1"}
        for person in people:
            assert person.errors == []
            person.page.context.close()
