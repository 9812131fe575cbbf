"""A browser is killed: its system says at once that nobody is there, and who comes back soon is the same."""

from __future__ import annotations

import json
import time

from playwright.sync_api import expect

from tests.browser.test_cut_off import LEFT
from tests.browser.world import World, pictures, pictures_go_on
from tests.conftest import Measured

#: Seconds. The aim is 1: the three quarters that a page has to come back before anyone is told, and the way. A busy
#: machine is no bug; a silence that had to be noticed is.
AT_ONCE = 3.0


def test_a_killed_browser(world: World, measured: Measured) -> None:
    first, second, spare = (world.network.home() for _ in range(3))
    world.browser(spare)
    olga = world.bring("Olga").join()
    killed, returning = world.bring("Killed", first).join(), world.bring("Returning", second).join()
    witness = world.witness
    pictures_go_on(pictures((olga, killed), (olga, returning)))
    was = witness.person("Returning")
    # A browser that restores its tabs restores what they kept.
    kept = json.dumps(returning.page.evaluate("({...sessionStorage})"))
    olga.watch_status()
    began = time.time()
    world.kill(first)
    world.kill(second)
    told = {name: witness.hears(name, "reconnecting", began).at - began for name in ("Killed", "Returning")}
    expect(olga.tile("Killed").get_by_text("Reconnecting…")).to_be_visible()

    returned = world.bring("Returning", spare)
    returned.page.add_init_script(f"Object.assign(sessionStorage, {kept})")
    returned.join()
    present = witness.hears("Returning", "present", began).at - began
    came = pictures_go_on(pictures((olga, returned), (returned, olga)))
    assert "left" not in [news.what for news in witness.news("Returning", began)]
    assert {**witness.person("Returning"), "connection": "present"} == was

    left = witness.hears("Killed", "left", began)
    shown = olga.said_at("Killed left (connection lost)") / 1000 - began
    expect(olga.tile("Killed")).to_have_count(0)
    measured(
        f"Killed browser: reconnecting {told['Killed']:.2f} s, left {left.at - began:.2f} s (shown {shown:.2f} s); "
        f"one that comes back: reconnecting {told['Returning']:.2f} s, present {present:.2f} s as the same, "
        f"pictures both ways {max(came.values()) - began - present:.2f} s later"
    )
    assert max(told.values()) < AT_ONCE
    assert left.reason == "connection_lost"
    assert max(left.at - began, shown) < LEFT
