"""Signatures of the Standard Webhooks specification 1.0 (https://www.standardwebhooks.com).

What is signed is ``id.timestamp.body``, with HMAC-SHA256; each secret makes one signature, so that one can be replaced
by another without an event that the endpoint does not trust.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence

from web.webhooks.errors import BadSecret

PREFIX = "whsec_"
#: Bytes of a secret.
SHORTEST, LONGEST = 24, 64
MAX_SECRETS = 4


def read_secrets(text: str) -> tuple[bytes, ...]:
    """Read secrets, one a line, each ``whsec_`` and base64 of 24 to 64 bytes. Raises BadSecret."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not 1 <= len(lines) <= MAX_SECRETS:
        raise BadSecret(f"it has {len(lines)} lines, and is to have one with the secret, or up to {MAX_SECRETS}")
    secrets = []
    for line in lines:
        try:
            secret = base64.b64decode(line.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise BadSecret(f"a line of it is not {PREFIX} and base64") from None
        if not SHORTEST <= len(secret) <= LONGEST:
            raise BadSecret(f"a secret has {SHORTEST} to {LONGEST} bytes, and one of these has {len(secret)}")
        secrets.append(secret)
    return tuple(secrets)


def sign(secret: bytes, id: str, timestamp: int, body: bytes) -> str:
    """Return one signature."""
    signed = b".".join((id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()


def headers(secrets: Sequence[bytes], id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that prove who sent ``body`` and when."""
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, id, timestamp, body) for secret in secrets),
    }
