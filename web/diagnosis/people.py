"""The hops that are a person's own: whether they are there, and their device."""

from __future__ import annotations

from chatroom.reports import CaptureState
from web.diagnosis.evidence import Evidence, Side
from web.diagnosis.findings import Finding, Whose, broken, ok, unknown

_COMES_BACK = "Pictures and sound come back by themselves. If not, the operator finds more at /healthz and in the log."

#: What keeps a page from a device, with what can be done.
_DENIED: dict[CaptureState, tuple[str, str, str]] = {
    "denied": (
        "permission_denied",
        "{name}’s browser does not let the page use the {device}.",
        "{name} allows the {device} for this page, by the sign beside the browser’s address bar, and switches it on.",
    ),
    "missing": (
        "no_device",
        "{name}’s browser finds no {device}.",
        "{name} plugs one in, or looks in the system’s settings whether browsers may use it.",
    ),
    "busy": (
        "device_busy",
        "{name}’s {device} is in use by another program.",
        "{name} closes the program that has it, and switches the {device} on again.",
    ),
    "ended": (
        "unplugged",
        "{name}’s {device} was unplugged, or taken away by the system.",
        "{name} plugs it in and switches it on again, or chooses another in the settings of the page.",
    ),
}
_LOST: dict[CaptureState, tuple[str, str, str]] = {
    "muted": (
        "muted_by_device",
        "{name}’s {device} is muted by the system, or by a switch or key of the device.",
        "{name} looks for a switch on the device or its cable, a key of the keyboard, and in the system’s settings.",
    ),
}


def sender_is_there(e: Evidence) -> Finding:
    """Whether anything is heard of the sender's page."""
    return _is_there(e.sender, "from")


def receiver_is_there(e: Evidence) -> Finding:
    """Whether anything is heard of the receiver's page."""
    return _is_there(e.receiver, "to")


def worker_answers(e: Evidence) -> Finding:
    """Whether the room has a media worker."""
    if e.worker == "up":
        if e.restored is None:
            return ok("answers")
        return ok(f"answers; was replaced {e.restored:.0f} s ago")
    figures = "no worker" if e.worker == "lost" else "no answer"
    return broken(
        figures, "worker_lost", "server", "The server’s media worker for this room has stopped answering.", _COMES_BACK
    )


def device_is_allowed(e: Evidence) -> Finding:
    """Whether the sender's page may use the device, and there is one."""
    return _captured(e, _DENIED)


def is_switched_on(e: Evidence) -> Finding:
    """Whether the sender has it on."""
    if e.switched_on:
        return ok("on")
    name, device = e.sender.name, _device(e)
    if e.kind == "screen":
        return broken("none", "not_shared", "from", f"{name} shares no screen.", f"{name} shares one, with “Share”.")
    key = "M" if e.sound else "V"
    report = e.sender.says
    return broken(
        "off, and somebody talks" if e.sound and report is not None and report.talking else "off",
        "switched_off",
        "from",
        f"{name}’s {device} is switched off.",
        f"{name} switches it on, with the button of the page or the key {key}.",
    )


def device_works(e: Evidence) -> Finding:
    """Whether anything comes from the device."""
    return _captured(e, _LOST)


def _is_there(side: Side, whose: Whose) -> Finding:
    if side.connection == "present":
        return ok("heard of")
    return broken(
        "reconnecting",
        "away",
        whose,
        f"Nothing is heard of {side.name}’s browser: the tab or the computer stopped, or its network is gone.",
        f"It comes back by itself with the network; else {side.name} opens the page again.",
    )


def _captured(e: Evidence, faults: dict[CaptureState, tuple[str, str, str]]) -> Finding:
    if e.kind == "screen":
        return ok("no device")
    capture = e.capture
    if capture is None:
        return unknown(f"{e.sender.name}’s page does not say")
    if capture.state == "off":
        return ok("not refused") if faults is _DENIED else unknown("it is off")
    if capture.state not in faults:
        return ok(capture.state)
    code, says, fix = (text.format(name=e.sender.name, device=_device(e)) for text in faults[capture.state])
    return broken(capture.state, code, "from", says, fix)


def _device(e: Evidence) -> str:
    return {"audio": "microphone", "video": "camera", "screen": "screen"}[e.kind]
