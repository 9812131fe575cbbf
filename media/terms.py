"""The few words of the media plane that both the bridge and a worker use of things; see `media.messages`."""

from __future__ import annotations

from typing import Literal

Source = Literal["microphone", "camera"]
Leg = Literal["publish", "subscribe"]
LegState = Literal["connecting", "connected", "failed", "closed"]
PauseReason = Literal["bandwidth", "layout"]
