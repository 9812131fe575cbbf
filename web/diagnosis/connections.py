"""The hops that are a connection: whether its packets arrive, whether it is encrypted, and how good it is."""

from __future__ import annotations

from media.statistics import TransportStatistics
from media.terms import Leg
from web.diagnosis.evidence import Evidence, Side
from web.diagnosis.findings import Finding, Whose, broken, ok, unknown

#: Seconds that a connection may take. On a good link it is there in a tenth of that.
CONNECTING = 1.0
#: Seconds after which a connection on which nothing came is lost: browsers check each 2.5 s.
SILENT = 3.2
#: Seconds after a worker was replaced for which connections are expected to be made anew.
RESTORING = 15.0


def publish_reaches(e: Evidence) -> Finding:
    """Whether the sender's packets reach the server."""
    return _reaches(e, "publish")


def publish_is_secure(e: Evidence) -> Finding:
    """Whether the sender's connection is encrypted."""
    return _is_secure(e, "publish")


def subscribe_reaches(e: Evidence) -> Finding:
    """Whether the receiver's packets reach the server."""
    if e.subscribe is None and e.consumer is None and e.producer is None:
        return unknown("there is nothing to receive")
    return _reaches(e, "subscribe")


def subscribe_is_secure(e: Evidence) -> Finding:
    """Whether the receiver's connection is encrypted."""
    return _is_secure(e, "subscribe")


def _reaches(e: Evidence, leg: Leg) -> Finding:
    side, whose = _whose(e, leg)
    doing = "sending" if leg == "publish" else "receiving"
    transport = e.leg(leg)
    if transport is None:
        if _restoring(e):
            return _is_restored(side)
        return broken(
            "none",
            "not_connected",
            whose,
            f"{side.name}’s page has no connection for {doing}.",
            f"{side.name} reloads the page.",
        )
    figures = _figures(e, leg, transport)
    if transport.state == "closed":
        return broken(
            figures,
            "connection_closed",
            whose,
            f"{side.name}’s browser has closed its connection for {doing}.",
            f"The page makes a new one by itself; if not, {side.name} reloads it.",
        )
    if transport.checks == 0:
        return _never_reached(e, leg, transport, figures)
    if transport.silent is not None and transport.silent > SILENT:
        return broken(
            figures,
            "connection_lost",
            whose,
            f"{side.name}’s connection for {doing} is interrupted: nothing has come over it for "
            f"{transport.silent:.0f} seconds.",
            f"It comes back by itself with {side.name}’s network. If chat still works, something on the way has "
            "stopped letting these packets through: reload the page.",
        )
    return ok(figures)


def _never_reached(e: Evidence, leg: Leg, transport: TransportStatistics, figures: str) -> Finding:
    side, whose = _whose(e, leg)
    if _restoring(e):
        return _is_restored(side)
    if transport.checks_refused:
        return broken(
            figures,
            "wrong_credentials",
            whose,
            f"{side.name}’s browser knocks with credentials that are not of this connection.",
            f"{side.name} reloads the page.",
        )
    if transport.unanswered is not None and transport.unanswered >= CONNECTING:
        return _unanswered(side, figures, transport.unanswered)
    # A page that does not get through tries again with another connection, which may be just this moment's.
    before = e.before.publish if leg == "publish" else e.before.subscribe
    if max(transport.age, 0.0 if before is None else before.age) < CONNECTING:
        return broken(
            figures,
            "connecting",
            whose,
            f"{side.name}’s browser is connecting just now.",
            "Ask again in a few seconds.",
        )
    up, trying = e.up - {side.id}, e.trying - {side.id}
    port = f"the server’s media port ({e.media_port}, UDP and TCP)" if e.media_port else "the server’s media port"
    figures = f"{figures}; of {len(trying)} others {len(up)} get through"
    if trying and not up:
        return broken(
            figures,
            "media_port_unreachable",
            "server",
            f"Nobody in this room gets through to {port}: the server tells browsers an address that they cannot "
            "reach, or something before it blocks the port.",
            "The operator checks what --announce says and opens the media ports for UDP and TCP.",
        )
    return broken(
        figures,
        "network_blocks",
        "network",
        f"Nothing from {side.name}’s browser gets through to {port}: their network blocks it.",
        f"{side.name} tries another network, or without a VPN; the operator can offer a TURN server (--ice-servers).",
    )


def _unanswered(side: Side, figures: str, seconds: float) -> Finding:
    return broken(
        figures,
        "offer_unanswered",
        "to",
        f"{side.name}’s page has not answered what it is offered for {seconds:.0f} seconds.",
        f"{side.name} reloads the page.",
    )


def _is_secure(e: Evidence, leg: Leg) -> Finding:
    transport = e.leg(leg)
    if transport is None or transport.checks == 0:
        return unknown("not connected")
    if transport.dtls == "secure":
        return ok(transport.dtls)
    side, whose = _whose(e, leg)
    if transport.dtls == "failed":
        return broken(
            transport.dtls,
            "encryption_failed",
            "network",
            f"{side.name}’s browser and the server could not agree on encryption.",
            f"{side.name} reloads the page. If that does not help, something on the way changes their packets, or the "
            "browser is too old.",
        )
    if transport.age < CONNECTING:
        return broken(
            transport.dtls, "connecting", whose, f"{side.name}’s browser is connecting just now.", "Ask again soon."
        )
    return broken(
        f"{transport.dtls} for {transport.age:.0f} s",
        "encryption_stuck",
        "network",
        f"{side.name}’s browser reaches the server, but their encryption does not come about.",
        f"Small packets arrive and large ones may not: {side.name} tries without a VPN, or another network.",
    )


def _restoring(e: Evidence) -> bool:
    return e.restored is not None and e.restored < RESTORING


def _is_restored(side: Side) -> Finding:
    return broken(
        "being made anew",
        "restoring",
        "server",
        f"The server’s media worker was replaced, and {side.name}’s connections are being made anew.",
        f"They come back by themselves within seconds; if not, {side.name} reloads the page.",
    )


def _figures(e: Evidence, leg: Leg, transport: TransportStatistics) -> str:
    side, _ = _whose(e, leg)
    figures = [transport.state if transport.checks else f"{transport.state} for {transport.age:.0f} s"]
    if transport.checks:
        figures.append(f"over {(transport.carrier or 'nothing').upper()}")
    else:
        figures.append("no check came")
    if transport.silent is not None:
        figures.append(f"last heard {transport.silent:.1f} s ago")
    if (report := side.says) is not None:
        figures.append(f"the page says {report.publish if leg == 'publish' else report.subscribe}")
    return ", ".join(figures)


def _whose(e: Evidence, leg: Leg) -> tuple[Side, Whose]:
    return (e.sender, "from") if leg == "publish" else (e.receiver, "to")
