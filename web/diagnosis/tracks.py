"""The hops of the track itself, from the sender's browser to the receiver's."""

from __future__ import annotations

from web.diagnosis.evidence import Evidence
from web.diagnosis.findings import Finding, broken, ok, poor, unknown

#: Seconds without a packet of a screen on which nothing moves.
STILL = 5.0
#: Seconds for which a page may think about an offer, and a publisher about a keyframe.
ANSWER = 1.5
KEYFRAME = 0.7
#: Seconds of a microphone's silence, such as no room has, that are worth a word.
QUIET = 2.0
#: Shares of what was lost, and seconds, beyond which a link is bad.
LOSS, JITTER, ROUND_TRIP = 0.05, 0.06, 0.6
#: Bits a second below which a link to somebody is slow: sound and a small picture want as much.
SLOW = 350_000.0

_SLOW_UP = (
    "{name} turns the camera off to sound better, moves closer to the wireless router or uses a cable, and stops what "
    "else sends much."
)
_SLOW_DOWN = (
    "{name} moves closer to the wireless router or uses a cable, stops what else loads much, or makes the window "
    "smaller: smaller pictures take less."
)


def is_published(e: Evidence) -> Finding:
    """Whether the server has such a track of the sender."""
    if e.producer is not None:
        return ok(f"{e.producer.codec}, in {len(e.producer.layers)} size{'s'[: len(e.producer.layers) > 1]}")
    if e.publish is None or e.publish.checks == 0:
        return unknown("not connected")
    return broken(
        "none",
        "not_published",
        "from",
        f"{e.sender.name}’s page sends the server no {e.what} in a codec that it forwards.",
        f"{e.sender.name} reloads the page, or uses another browser.",
    )


def packets_come(e: Evidence) -> Finding:
    """Whether packets of it reach the server."""
    came = e.coming(lambda layer: layer.packets)
    if e.producer is None or came is None:
        return unknown("nothing is published")
    silent = min((layer.silent for layer in e.producer.layers if layer.silent is not None), default=None)
    last = "none ever" if silent is None else f"the last {silent:.1f} s ago"
    figures = f"{came / e.seconds:.0f} packets a second, {last}"
    if came:
        return ok(figures)
    if e.consumer is not None and e.consumer.paused is not None and not any(layer.used for layer in e.producer.layers):
        return ok("none, and nobody wants any")
    if e.kind == "screen" and silent is not None and silent < STILL:
        return ok(figures)
    device = {"audio": "microphone", "video": "camera", "screen": "screen"}[e.kind]
    return broken(
        figures,
        "no_packets",
        "from",
        f"{e.sender.name}’s {device} is on, but their browser sends nothing of it.",
        f"{e.sender.name} switches it off and on, or chooses another device; if that does not help, reloads the page.",
    )


def uplink_is_good(e: Evidence) -> Finding:
    """Whether what the sender sends arrives well."""
    came, lost = e.coming(lambda layer: layer.packets), e.coming(lambda layer: layer.missed)
    if e.producer is None or came is None or lost is None:
        return unknown("nothing is published")
    if not came and not lost:
        return unknown("nothing comes")
    loss = max(lost / (came + lost), _lost_before(e))
    jitter = max((layer.jitter for layer in e.producer.layers if layer.live), default=0.0)
    figures = f"{loss:.0%} lost, {1000 * jitter:.0f} ms jitter"
    if loss <= LOSS and jitter <= JITTER and not e.slow_uplink:
        return ok(figures)
    name = e.sender.name
    return poor(
        figures,
        "slow_uplink",
        "from",
        f"{name}’s connection is slow in the direction in which they send: part of it is lost or late.",
        _SLOW_UP.format(name=name),
    )


def has_content(e: Evidence) -> Finding:
    """Whether there is anything to hear in a microphone's packets, and to see in a camera's pictures."""
    if e.kind == "video":
        return _shows_something(e)
    if not e.sound:
        return ok("no sound")
    if e.producer is None or e.producer.level is None:
        return unknown("the packets do not tell")
    level, quiet = e.producer.level, e.producer.quiet
    figures = f"{-level:.0f} dB"
    if quiet is None or quiet < QUIET:
        return ok(figures)
    name = e.sender.name
    return poor(
        f"{figures}, nothing but silence for {quiet:.0f} s",
        "silent",
        "from",
        f"Nothing but silence comes from {name}’s microphone.",
        f"{name} says something, and checks that the right microphone is chosen and not muted or covered.",
    )


def _shows_something(e: Evidence) -> Finding:
    name, report = e.sender.name, e.sender.says
    if report is None:
        return unknown(f"{name}’s page does not say")
    if not report.dark:
        return ok("not only black")
    return poor(
        "only black",
        "dark",
        "from",
        f"{name}’s camera shows only black.",
        f"{name} opens the camera’s cover or lid, takes away what is before it, or puts on a light.",
    )


def is_among_the_loudest(e: Evidence) -> Finding:
    """Whether the server forwards it, of all the microphones that are on."""
    if not e.sound or e.producer is None:
        return ok("all are forwarded") if e.producer is not None else unknown("nothing is published")
    if e.producer.heard:
        return ok("forwarded")
    return broken(
        "others are louder",
        "not_among_the_loudest",
        "nobody",
        f"Many microphones are on, and only the loudest are heard: {e.sender.name}’s is not among them.",
        f"{e.sender.name} is heard as soon as they speak. Others switch off microphones that they do not need.",
    )


def is_agreed(e: Evidence) -> Finding:
    """Whether the receiver's browser takes the track."""
    name = e.receiver.name
    if e.consumer is None:
        if e.producer is None:
            return unknown("nothing is published")
        if e.subscribe is not None and f"{e.sender.id}/{e.source}" in e.subscribe.undecodable:
            return _refused(e, "not offered")
        return broken(
            "not offered",
            "not_offered",
            "to",
            f"{name}’s page is offered no {e.what} of {e.sender.name}: it has as many already as fit.",
            f"{name} reloads the page.",
        )
    if e.consumer.agreement == "accepted":
        return ok("accepted")
    if e.consumer.agreement == "refused":
        return _refused(e, "refused")
    waited = None if e.subscribe is None else e.subscribe.unanswered
    if waited is None or waited < ANSWER:
        return broken(
            "offered just now", "connecting", "to", f"{name}’s browser is connecting just now.", "Ask again soon."
        )
    return broken(
        f"not answered for {waited:.0f} s",
        "offer_unanswered",
        "to",
        f"{name}’s page has not answered what it is offered for {waited:.0f} seconds.",
        f"{name} reloads the page.",
    )


def _refused(e: Evidence, figures: str) -> Finding:
    codec = "it" if e.producer is None else e.producer.codec
    return broken(
        figures,
        "codec_refused",
        "to",
        f"{e.receiver.name}’s browser does not take {e.sender.name}’s {e.what}: it cannot play {codec}.",
        f"{e.receiver.name} uses another browser, or a newer one.",
    )


def is_not_paused(e: Evidence) -> Finding:
    """Whether the server sends it, and if not, why."""
    if e.consumer is None:
        return unknown("nothing is offered")
    name = e.receiver.name
    if e.consumer.paused == "bandwidth":
        budget = None if e.subscribe is None else e.subscribe.budget
        takes = "too little" if budget is None else f"some {budget / 1000:.0f} kbit/s"
        return broken(
            f"by bandwidth: the link takes {takes}",
            "paused_by_bandwidth",
            "to",
            f"{name}’s connection takes {takes}, so that {e.sender.name}’s {e.what} is paused for the sake of sound.",
            _SLOW_DOWN.format(name=name),
        )
    if e.consumer.paused == "layout":
        report = e.receiver.says
        where = "in the background" if report is not None and report.hidden else "too small, or shows others"
        return broken(
            "by layout: there is no tile of it",
            "paused_by_layout",
            "to",
            f"{e.sender.name}’s {e.what} is not on {name}’s page, which is {where}.",
            f"{name} brings the page to the front, or makes its window larger.",
        )
    return ok("sent")


def has_a_keyframe(e: Evidence) -> Finding:
    """Whether there is a picture to begin with."""
    if e.sound or e.producer is None or e.consumer is None:
        return ok("sound needs none") if e.sound else unknown("nothing is published")
    wanted = max((layer.keyframe_wanted or 0.0 for layer in e.producer.layers), default=0.0)
    ages = [layer.keyframe for layer in e.producer.layers if layer.keyframe is not None]
    last = f"the last {min(ages):.0f} s ago" if ages else "none ever came"
    if e.consumer.waits and wanted >= KEYFRAME:
        return broken(
            f"asked for since {wanted:.1f} s, {last}",
            "no_keyframe",
            "from",
            f"{e.sender.name}’s browser sends no whole picture to begin with, though it is asked for one.",
            f"{e.sender.name} switches the {'camera' if e.kind == 'video' else 'share'} off and on.",
        )
    return ok(last)


def packets_go(e: Evidence) -> Finding:
    """Whether the server sends packets of it to the receiver."""
    went = e.going(lambda consumer: consumer.packets)
    if went is None or e.consumer is None:
        return unknown("nothing is offered")
    figures = f"{went / e.seconds:.0f} packets a second, {e.consumer.bitrate / 1000:.0f} kbit/s"
    if went or not e.coming(lambda layer: layer.packets):
        return ok(figures)
    return broken(
        figures,
        "not_forwarded",
        "server",
        f"The server gets {e.sender.name}’s {e.what} and does not send it to {e.receiver.name}.",
        f"{e.receiver.name} reloads the page. The operator keeps the log of this moment: this is a bug.",
    )


def downlink_is_good(e: Evidence) -> Finding:
    """Whether what the receiver receives arrives well."""
    if e.subscribe is None or e.consumer is None:
        return unknown("nothing is offered")
    transport = e.subscribe
    # What did not reach the server cannot reach them either.
    loss = max(0.0, transport.loss or 0.0, (e.consumer.loss or 0.0) - _lost_before(e))
    figures = [f"{loss:.0%} lost"]
    if transport.round_trip is not None:
        figures.append(f"{1000 * transport.round_trip:.0f} ms round trip")
    if transport.budget is not None:
        figures.append(f"takes {transport.budget / 1000:.0f} kbit/s")
    slow = e.slow_downlink or (transport.budget is not None and transport.budget < SLOW)
    if loss <= LOSS and (transport.round_trip or 0.0) <= ROUND_TRIP and not slow:
        return ok(", ".join(figures))
    name = e.receiver.name
    return poor(
        ", ".join(figures),
        "slow_downlink",
        "to",
        f"{name}’s connection is slow in the direction in which they receive: part of it is lost or late.",
        _SLOW_DOWN.format(name=name),
    )


def _lost_before(e: Evidence) -> float:
    """The share of the track that was lost on its way to the server, lately."""
    return 0.0 if e.producer is None else max((layer.loss for layer in e.producer.layers if layer.live), default=0.0)
