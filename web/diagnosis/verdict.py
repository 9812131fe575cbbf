"""From what is known to one verdict: the hops in the order of their causes, and the first that is broken."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import attrs

from web.diagnosis import connections, people, playback, tracks
from web.diagnosis.evidence import Evidence
from web.diagnosis.findings import Diagnosis, Fault, Finding, HopFound, State, Verdict


@attrs.frozen
class Hop:
    """A place on the way where it can fail. ``title`` is a sentence with the names of both.

    An ``effect`` is broken by what is poor before it, if anything is.
    """

    name: str
    title: str
    look: Callable[[Evidence], Finding]
    effect: bool = False


#: In the order of their causes: whatever is broken explains what is broken below it.
HOPS = (
    Hop("sender", "{sender} is there", people.sender_is_there),
    Hop("receiver", "{receiver} is there", people.receiver_is_there),
    Hop("worker", "The server’s media worker answers", people.worker_answers),
    Hop("permission", "{sender}’s browser allows the device", people.device_is_allowed),
    Hop("switch", "{sender} has it switched on", people.is_switched_on),
    Hop("device", "The device works", people.device_works),
    Hop("publish_ice", "{sender}’s packets reach the server", connections.publish_reaches),
    Hop("publish_dtls", "{sender}’s connection is encrypted", connections.publish_is_secure),
    Hop("producer", "{sender}’s page publishes it", tracks.is_published),
    Hop("subscribe_ice", "{receiver}’s packets reach the server", connections.subscribe_reaches),
    Hop("subscribe_dtls", "{receiver}’s connection is encrypted", connections.subscribe_is_secure),
    Hop("consumer", "{receiver}’s browser takes it", tracks.is_agreed),
    Hop("packets_in", "Packets of it come", tracks.packets_come),
    Hop("uplink", "{sender}’s connection is good", tracks.uplink_is_good),
    Hop("loudest", "It is among what is forwarded", tracks.is_among_the_loudest),
    Hop("pause", "It is not paused", tracks.is_not_paused),
    Hop("keyframe", "There is a picture to begin with", tracks.has_a_keyframe),
    Hop("packets_out", "Packets of it go to {receiver}", tracks.packets_go),
    Hop("downlink", "{receiver}’s connection is good", tracks.downlink_is_good),
    Hop("arrival", "They arrive in {receiver}’s browser", playback.arrives, effect=True),
    Hop("playback", "{receiver}’s page plays it", playback.is_played),
    # The last, as who says nothing is silent, too.
    Hop("level", "There is something to hear or see", tracks.has_content),
)


def diagnose(evidence: Evidence) -> Diagnosis:
    """Look at every hop. The first that is broken is it, or what broke it; else the first that is poor may be."""
    names = {"sender": evidence.sender.name, "receiver": evidence.receiver.name}
    found = [(hop, hop.look(evidence)) for hop in HOPS]
    broken = next(((hop, finding.fault) for hop, finding in found if finding.state == "broken"), None)
    doubt = next((finding.fault for _, finding in found if finding.state == "poor"), None)
    fault = None if broken is None else broken[1]
    if broken is not None and broken[0].effect:
        before = itertools.takewhile(lambda each: each[0] is not broken[0], found)
        fault = next((finding.fault for _, finding in before if finding.state == "poor"), fault)
    hops = []
    failed = False
    for hop, finding in found:
        state: State = "follows" if failed and finding.state in ("broken", "poor") else finding.state
        hops.append(HopFound(hop.name, hop.title.format(**names), state, finding.figures))
        failed = failed or finding.state == "broken"
    return Diagnosis(evidence.kind, **names, verdict=_verdict(evidence, fault, doubt, hops), hops=tuple(hops))


def _verdict(evidence: Evidence, fault: Fault | None, doubt: Fault | None, hops: list[HopFound]) -> Verdict:
    if fault is not None:
        return Verdict(**attrs.asdict(fault), certain=True)
    if doubt is not None:
        return Verdict(**attrs.asdict(doubt), certain=False)
    verb = {"audio": "heard", "video": "seen", "screen": "seen"}[evidence.kind]
    says = f"Nothing is wrong: {evidence.sender.name}’s {evidence.what} reaches {evidence.receiver.name}."
    if any(hop.state == "unknown" for hop in hops):
        says = (
            f"Nothing wrong was found on the way from {evidence.sender.name} to {evidence.receiver.name}, but not "
            "everything is known."
        )
    fix = f"If {evidence.sender.name} is not {verb} all the same, {evidence.receiver.name} checks the volume and where "
    fix += "sound is played." if evidence.sound else "the window is."
    return Verdict("fine", "nobody", says, fix, certain=not any(hop.state == "unknown" for hop in hops))
