"""What rooms and people may be called, and what may be written: the text that others will see.

Each function returns the text in its canonical form or raises `UserError` with a sentence for the person who typed it.
"""

from __future__ import annotations

import unicodedata

from chatroom.errors import UserError

MAX_ROOM = 64
MAX_NAME = 64
MAX_TEXT = 2_000

# Bidirectional controls let a name change how the text around it reads (Unicode TR 36, section 2.10.1), and line
# separators break the line it stands in.
_DIRECTION_AND_LINES = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")


def room_name(text: str) -> str:
    """Return the canonical room name: NFKC, lower case, letters, digits, marks, ``-`` and ``_`` of any script."""
    name = unicodedata.normalize("NFKC", text).lower() if len(text) <= MAX_ROOM else text
    if not 1 <= len(name) <= MAX_ROOM:
        raise UserError("invalid_room", f"A room name has 1 to {MAX_ROOM} characters.")
    if not all(c in "-_" or unicodedata.category(c)[0] in "LNM" for c in name):
        raise UserError("invalid_room", "A room name has only letters, digits, “-” and “_”.")
    return name


def person_name(text: str) -> str:
    """Return a person's name, trimmed."""
    if len(text) > 4 * MAX_NAME:
        raise UserError("invalid_name", f"A name has 1 to {MAX_NAME} characters.")
    name = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(name) <= MAX_NAME:
        raise UserError("invalid_name", f"A name has 1 to {MAX_NAME} characters.")
    if _forbidden(name, allowed=""):
        raise UserError("invalid_name", "A name has no control characters.")
    if not any(unicodedata.category(c)[0] in "LNPS" for c in name):
        raise UserError("invalid_name", "A name needs at least one character that can be seen.")
    return name


def message_text(text: str) -> str:
    """Return the text of a chat message, trimmed, with newlines as line ends."""
    if len(text) > 4 * MAX_TEXT:
        raise UserError("invalid_text", f"A message has 1 to {MAX_TEXT} characters.")
    message = text.replace("\r\n", "\n").strip()
    if not 1 <= len(message) <= MAX_TEXT:
        raise UserError("invalid_text", f"A message has 1 to {MAX_TEXT} characters.")
    if _forbidden(message, allowed="\n\t"):
        raise UserError("invalid_text", "A message has no control characters.")
    return message


def _forbidden(text: str, allowed: str) -> bool:
    # Cc: control characters; Cs: lone surrogates, which JSON lets in and UTF-8 does not let out.
    return any(
        c not in allowed and (unicodedata.category(c) in {"Cc", "Cs"} or c in _DIRECTION_AND_LINES) for c in text
    )
