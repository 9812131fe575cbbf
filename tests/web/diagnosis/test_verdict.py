"""Whatever breaks a call that works, the verdict names it, and names the first of several."""

from __future__ import annotations

import itertools
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.reports import Capture, Playing
from tests.web.diagnosis.samples import GOOD, call, layer, transport
from web.diagnosis.verdict import HOPS, diagnose

SILENT = Playing(seconds=2.0, packets=0, frames=0)
BLIND = {"undecodable": ["b/camera"]}
STANDS = Playing(seconds=5.0, frames=9, frozen=4.0)
LOSES = {"came": 30, "missed": 20}
WAITS = {"waits": True, "forwarding": False}
#: Whose it is, the hop, and what breaks the call so.
FAULTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "away": ("from", "sender", {"bob": {"connection": "reconnecting"}}),
    "away ": ("to", "receiver", {"ada": {"connection": "reconnecting"}}),
    "worker_lost": ("server", "worker", {"worker": "silent"}),
    "permission_denied": ("from", "permission", {"bob_says": {"microphone": Capture("denied")}}),
    "no_device": ("from", "permission", {"bob_says": {"microphone": Capture("missing")}}),
    "device_busy": ("from", "permission", {"bob_says": {"microphone": Capture("busy")}}),
    "switched_off": ("from", "switch", {"bob": {"microphone": False}}),
    "not_shared": ("from", "switch", {"kind": "screen", "bob": {"screens": ()}}),
    "muted_by_device": ("from", "device", {"bob_says": {"microphone": Capture("muted")}}),
    "unplugged": ("from", "permission", {"bob_says": {"microphone": Capture("ended")}}),
    "not_connected": ("from", "publish_ice", {"publish": None, "producer": None, "consumer": None}),
    "restoring": ("server", "publish_ice", {"publish": None, "producer": None, "consumer": None, "restored": 3.0}),
    "connection_closed": ("from", "publish_ice", {"publish": {"state": "closed"}}),
    "connection_lost": ("from", "publish_ice", {"publish": {"silent": 4.0}}),
    "wrong_credentials": ("from", "publish_ice", {"publish": {"checks": 0, "checks_refused": 2}}),
    "connecting": ("from", "publish_ice", {"publish": {"checks": 0, "age": 0.3}}),
    "network_blocks": ("network", "publish_ice", {"publish": {"checks": 0, "silent": None, "state": "connecting"}}),
    "media_port_unreachable": ("server", "publish_ice", {"publish": {"checks": 0, "silent": None}, "up": frozenset()}),
    "network_blocks ": ("network", "subscribe_ice", {"subscribe": {"checks": 0, "silent": None}}),
    "encryption_failed": ("network", "publish_dtls", {"publish": {"dtls": "failed", "state": "failed"}}),
    "encryption_stuck": ("network", "subscribe_dtls", {"subscribe": {"dtls": "handshaking", "state": "connecting"}}),
    "not_published": ("from", "producer", {"producer": None, "consumer": None}),
    "not_offered": ("to", "consumer", {"consumer": None}),
    "codec_refused": ("to", "consumer", {"kind": "video", "consumer": {"agreement": "refused", "active": False}}),
    "codec_refused ": ("to", "consumer", {"kind": "video", "consumer": None, "subscribe": BLIND}),
    "offer_unanswered": ("to", "consumer", {"consumer": {"agreement": "offered"}, "subscribe": {"unanswered": 5.0}}),
    "offer_unanswered ": ("to", "subscribe_ice", {"subscribe": {"unanswered": 5.0, "checks": 0}}),
    "no_packets": ("from", "packets_in", {"layer": {"came": 0}}),
    "slow_uplink": ("from", "uplink", {"layer": {"jitter": 0.2}}),
    "slow_uplink  ": ("from", "uplink", {"layer": {"loss": 0.2}, "consumer": {"loss": 0.2}}),
    "slow_uplink    ": ("from", "uplink", {"slow_uplink": True}),
    "slow_downlink    ": ("to", "downlink", {"slow_downlink": True}),
    "slow_uplink ": ("from", "uplink", {"layer": LOSES}),
    "not_among_the_loudest": ("nobody", "loudest", {"producer": {"heard": False}}),
    "paused_by_bandwidth": ("to", "pause", {"kind": "video", "consumer": {"paused": "bandwidth"}}),
    "paused_by_layout": ("to", "pause", {"kind": "video", "consumer": {"paused": "layout"}}),
    "no_keyframe": ("from", "keyframe", {"kind": "video", "layer": {"keyframe_wanted": 2.0}, "consumer": WAITS}),
    "not_forwarded": ("server", "packets_out", {"consumer": {"packets": 7}}),
    "slow_downlink": ("to", "downlink", {"subscribe": {"loss": 0.2}}),
    "slow_downlink ": ("to", "downlink", {"subscribe": {"budget": 100_000.0}}),
    "lost_on_the_way": ("to", "arrival", {"ada_says": {"playing": {"b": SILENT}}}),
    "not_decoded": ("to", "arrival", {"kind": "video", "ada_says": {"playing": {"b": SILENT}}}),
    "playback_blocked": ("to", "playback", {"ada_says": {"sound": "blocked"}}),
    "sound_off": ("to", "playback", {"ada_says": {"sound": "off"}}),
    "choppy": ("network", "playback", {"ada_says": {"playing": {"b": Playing(5.0, 250, -30.0, 0.4)}}}),
    "frozen": ("network", "playback", {"kind": "video", "ada_says": {"playing": {"b": STANDS}}}),
    "dark": ("from", "level", {"kind": "video", "bob_says": {"dark": True}}),
    "silent": ("from", "level", {"producer": {"level": 127.0, "quiet": 6.0}}),
}  # fmt: skip
POOR = {"slow_uplink", "slow_downlink", "choppy", "dark", "frozen", "silent"}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_broken_is_named(name: str) -> None:
    whose, place, changes = FAULTS[name]
    found = diagnose(call(**changes))
    code = name.strip()
    assert (found.verdict.code, found.verdict.whose) == (code, whose), found
    assert found.verdict.certain is (code not in POOR)
    (hop,) = [hop for hop in found.hops if hop.name == place]
    assert hop.state == ("poor" if code in POOR else "broken")
    assert [hop.name for hop in found.hops if hop.state == "broken"] == ([] if code in POOR else [place])
    assert found.verdict.says.endswith(".")
    assert found.verdict.fix.endswith(".")
    assert "{" not in found.verdict.says + found.verdict.fix


@pytest.mark.parametrize("kind", ["audio", "video", "screen"])
def test_where_nothing_is_wrong_it_says_so(kind: Any) -> None:
    found = diagnose(call(kind))
    assert found.verdict.code == "fine", found
    assert found.verdict.certain
    assert {hop.state for hop in found.hops} == {"ok"}
    assert [hop.name for hop in found.hops] == [hop.name for hop in HOPS]
    assert found.verdict.says.startswith("Nothing is wrong: Bob’s")


def test_of_a_page_that_says_nothing_of_itself_it_says_what_is_not_known() -> None:
    for says in ({"bob_says": None, "ada_says": None}, {"bob": {"report_age": 60.0}, "ada": {"report_age": 60.0}}):
        found = diagnose(call(**says))
        assert found.verdict.code == "fine"
        assert not found.verdict.certain
        assert "not everything is known" in found.verdict.says
        unknown = {hop.name for hop in found.hops if hop.state == "unknown"}
        assert unknown == {"permission", "device", "arrival", "playback"}


def test_a_page_that_tries_again_just_now_has_not_only_just_come() -> None:
    evidence = call(publish={"checks": 0, "silent": None, "age": 0.1})
    assert diagnose(evidence).verdict.code == "connecting"
    earlier = attrs.evolve(evidence.before, publish=transport("publish", checks=0, silent=None, age=9.0))
    assert diagnose(attrs.evolve(evidence, before=earlier)).verdict.code == "network_blocks"


def test_of_a_device_that_is_off_nothing_is_known() -> None:
    found = diagnose(call(bob={"microphone": False}, bob_says={"microphone": Capture("off")}))
    states = {hop.name: hop.state for hop in found.hops}
    assert (states["permission"], states["switch"], states["device"]) == ("ok", "broken", "unknown")


def test_it_is_said_that_somebody_talks_though_the_microphone_is_off() -> None:
    found = diagnose(call(bob={"microphone": False}, bob_says={"talking": True}))
    assert next(hop for hop in found.hops if hop.name == "switch").figures == "off, and somebody talks"


def test_a_report_about_too_short_a_time_says_nothing() -> None:
    found = diagnose(call(ada_says={"playing": {"b": Playing(seconds=0.1, packets=0)}}))
    assert found.verdict.code == "fine"


def test_a_picture_that_nobody_wants_does_not_come_and_that_is_not_the_cause() -> None:
    found = diagnose(call("video", layer={"came": 0, "used": False}, consumer={"paused": "layout", "packets": 0}))
    assert found.verdict.code == "paused_by_layout"
    assert next(hop for hop in found.hops if hop.name == "packets_in").state == "ok"
    hidden = diagnose(call("video", consumer={"paused": "layout"}, ada_says={"hidden": True}))
    assert "in the background" in hidden.verdict.says


def test_a_screen_on_which_nothing_moves_is_not_broken() -> None:
    assert diagnose(call("screen", layer={"came": 0, "silent": 1.5}, consumer={"packets": 0})).verdict.code == "fine"


def test_a_stream_that_began_anew_is_counted_from_its_beginning() -> None:
    evidence = call()
    assert evidence.producer is not None
    evidence.producer.layers[0] = layer(packets=20, ssrc=99)
    assert evidence.coming(lambda each: each.packets) == 20


def test_what_is_poor_is_told_only_where_nothing_is_broken() -> None:
    found = diagnose(call(producer={"level": 127.0, "quiet": 6.0}, ada_says={"sound": "blocked"}))
    assert found.verdict.code == "playback_blocked"
    assert next(hop for hop in found.hops if hop.name == "level").state == "follows"


def merged(*faults: dict[str, Any]) -> dict[str, Any]:
    """Several faults at once; of what two say differently the last counts."""
    changes: dict[str, Any] = {}
    for fault in faults:
        for part, change in fault.items():
            before = changes.get(part)
            both = isinstance(change, dict) and isinstance(before, dict)
            changes[part] = {**before, **change} if both else change  # type: ignore[dict-item]
    return {part: dict(change) if isinstance(change, dict) else change for part, change in changes.items()}


@given(st.lists(st.sampled_from(sorted(FAULTS)), min_size=1, max_size=4))
def test_of_several_faults_the_first_cause_is_told(names: list[str]) -> None:
    """Whatever else is wrong: what is told is broken, and nothing before it is."""
    changes = merged(*(FAULTS[name][2] for name in names))
    found = diagnose(call(**changes))
    states = [hop.state for hop in found.hops]
    assert states.count("broken") <= 1
    if "broken" in states:
        assert found.verdict.certain
        after = states[states.index("broken") + 1 :]
        assert not {"poor", "broken"} & set(after)
    assert len(found.hops) == len(HOPS)
    assert GOOD.packets == 250


#: Faults that can all be there at once, the one that explains the others first.
IN_ORDER = (
    "away",
    "worker_lost",
    "permission_denied",
    "switched_off",
    "connection_lost",
    "no_packets",
    "playback_blocked",
)


@pytest.mark.parametrize(("first", "second"), [*itertools.combinations(IN_ORDER, 2)])
def test_of_two_faults_the_one_that_explains_the_other_is_told(first: str, second: str) -> None:
    found = diagnose(call(**merged(FAULTS[second][2], FAULTS[first][2])))
    assert found.verdict.code == first
    states = {hop.name: hop.state for hop in found.hops}
    assert states[FAULTS[first][1]] == "broken"
    assert states[FAULTS[second][1]] == "follows"


def test_of_a_link_that_is_too_narrow_for_anything_to_arrive_the_link_is_told() -> None:
    changes: dict[str, Any] = {"ada_says": {"playing": {"b": SILENT}}, "subscribe": {"loss": 0.5}}
    found = diagnose(call("video", **changes))
    assert found.verdict.code == "slow_downlink"
    assert found.verdict.certain
    assert diagnose(call(bob={"microphone": False}, subscribe={"loss": 0.5})).verdict.code == "switched_off"


def test_what_is_lost_on_the_way_to_the_server_is_no_fault_of_the_receivers_link() -> None:
    found = diagnose(call(layer={"loss": 0.045}, consumer={"loss": 0.06}))
    assert found.verdict.code == "fine", "each of both is bearable"
    assert diagnose(call(consumer={"loss": 0.06})).verdict.code == "slow_downlink"
