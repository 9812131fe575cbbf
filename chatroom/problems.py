"""The names of what can be wrong in a call."""

from __future__ import annotations

from typing import Literal

#: How good a connection is: 4 is good, 3 fair, 2 poor, 1 hardly there.
SignalLevel = Literal[1, 2, 3, 4]
#: Whose link it is, seen from the participant: what they send, or what they receive.
Direction = Literal["uplink", "downlink"]
Severity = Literal["mild", "severe"]

ProblemKind = Literal[
    # the connection of `participant`, in `direction`
    "network_slow",
    "leg_lost",
    # a device of `participant`
    "microphone_silent",
    "talking_while_muted",
    "camera_frozen",
    "camera_dark",
    # `participant` is not heard by those in `concerns`
    "cannot_be_heard",
    # ours: `participant` is null
    "worker_lost",
    "server_overloaded",
]
