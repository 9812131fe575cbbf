"""The secret that a bridge and its workers on other machines share: how it is read from a file.

Shared by both processes, so it knows neither Trio nor asyncio.
"""

from __future__ import annotations

from pathlib import Path

#: Characters. Shorter ones can be guessed; ``openssl rand -hex 32`` makes a good one of 64.
MIN_SECRET = 16
MAX_SECRET = 1_024


class BadSecret(ValueError):
    """There is no secret in that file that can be used; the message is for the operator and does not hold it."""


def read_secret(file: Path) -> str:
    """Read a secret: one line of printable ASCII without spaces. Raises BadSecret."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_SECRET + 2)
    except OSError as error:
        raise BadSecret(f"{file} cannot be read: {error.strerror}.") from None
    secret = data.strip()
    if not MIN_SECRET <= len(secret) <= MAX_SECRET:
        raise BadSecret(f"{file} is to hold a secret of {MIN_SECRET} to {MAX_SECRET} characters.")
    if not all(0x21 <= octet < 0x7F for octet in secret):
        raise BadSecret(f"{file} is to hold one line of printable ASCII without spaces.")
    return secret.decode("ascii")
