"""Why a socket is closed: RFC 6455, section 7.4.1, and our own from 4000 on. docs/protocol.md explains each."""

from __future__ import annotations

NORMAL = 1000
GOING_AWAY = 1001
UNSUPPORTED = 1003
GONE = 1006  # never sent: the socket ended without a close frame
NOT_A_COMMAND = 1007
POLICY = 1008
TOO_BIG = 1009
BUG = 1011
NO_JOIN = 4000
TOO_SLOW = 4001
SILENT = 4002
REPLACED = 4003
REMOVED = 4004
TOO_MANY = 4005
ROOM_CLOSED = 4006
