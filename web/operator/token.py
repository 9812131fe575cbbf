"""The operator's token: who has it may look."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

import attrs

#: Characters that a token of the operator's own has at least.
SHORTEST = 16


class BadToken(Exception):
    """A token that cannot be used; the message is for the operator."""


@attrs.frozen
class Token:
    """A secret text. What a browser keeps is made from it, and tells nothing of it."""

    text: str = attrs.field(repr=False)

    @classmethod
    def random(cls) -> Token:
        return cls(secrets.token_urlsafe(24))

    @classmethod
    def read(cls, file: Path) -> Token:
        """Read the token from a file that holds nothing else. Raises BadToken."""
        try:
            text = file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadToken(f"operator_token_file {file} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise BadToken(f"operator_token_file {file} is not text.") from None
        if len(text) < SHORTEST or len(text.split()) != 1:
            raise BadToken(f"operator_token_file {file} is to hold one word of {SHORTEST} characters or more.")
        return cls(text)

    def matches(self, said: str) -> bool:
        """Say, in the same time for any text, whether it is the token."""
        return hmac.compare_digest(said.encode(errors="surrogatepass"), self.text.encode())

    @property
    def cookie(self) -> str:
        return hmac.new(self.text.encode(), b"chatroom operator cookie", "sha256").hexdigest()

    def matches_cookie(self, said: str) -> bool:
        return hmac.compare_digest(said.encode(errors="surrogatepass"), self.cookie.encode())
