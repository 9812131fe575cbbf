"""How the tools of the operator reach a running server: by the notice it left, or by what they are told."""

from __future__ import annotations

import http.client
import json
import os
import ssl
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import attrs

from web.operator.runtime import notices, runtime_dir

#: Seconds to wait for an answer. A server that takes longer is held up by something.
PATIENCE = 5.0


class Unreachable(Exception):
    """There is no answer to be had; the message is for the operator."""


@attrs.frozen
class Client:
    """A server and the token that lets in."""

    url: str
    token: str = attrs.field(repr=False)
    certfile: str = ""

    @classmethod
    def find(cls, url: str | None, token_file: Path | None, directory: Path | None) -> Client:
        """Find the server that runs on this machine, or the one at ``url``. Raises Unreachable."""
        if url is not None:
            if token_file is None:
                raise Unreachable("--url needs --token-file, with the operator's token of that server.")
            return cls(url.rstrip("/"), _read(token_file))
        place = runtime_dir(directory, os.environ)
        found = notices(place)
        if not found:
            raise Unreachable(
                f"No server with an operator's listener left word in {place}. Is one running, as the same user, with "
                "--operator-port? Else say --runtime-dir, or --url and --token-file."
            )
        if len(found) > 1:
            urls = ", ".join(notice.url for notice in found)
            raise Unreachable(f"Several servers run here ({urls}): say which with --url and --token-file.")
        (notice,) = found
        return cls(notice.url, _read(token_file or Path(notice.token_file)), notice.certfile)

    def get(self, path: str, **parameters: object) -> Any:
        """Ask, and return what the answer's JSON says. Raises Unreachable."""
        with self.open("GET", path, parameters) as answer:
            return self._json(answer)

    def post(self, path: str, **parameters: object) -> Any:
        """The same, with POST."""
        with self.open("POST", path, parameters) as answer:
            return self._json(answer)

    @contextmanager
    def open(
        self, method: str, path: str, parameters: Mapping[str, object], patience: float = PATIENCE
    ) -> Generator[http.client.HTTPResponse, None, None]:
        """Ask, and read the answer as it comes. Raises Unreachable."""
        address = urlsplit(self.url)
        if address.hostname is None or address.scheme not in {"http", "https"}:
            raise Unreachable(f"{self.url} is no address such as http://127.0.0.1:9090.")
        connection: http.client.HTTPConnection
        if address.scheme == "https":
            trust = ssl.create_default_context(cafile=self.certfile or None)
            if self.certfile:  # of our own machine: its name is another than the address we take
                trust.check_hostname = False
            connection = http.client.HTTPSConnection(address.hostname, address.port, timeout=patience, context=trust)
        else:
            connection = http.client.HTTPConnection(address.hostname, address.port, timeout=patience)
        query = urlencode({name: value for name, value in parameters.items() if value not in (None, "")})
        try:
            connection.request(
                method,
                quote(path) + (f"?{query}" if query else ""),
                headers={"Authorization": f"Bearer {self.token}", "Accept": "application/json"},
            )
            answer = connection.getresponse()
            if answer.status != 200:
                raise Unreachable(_refusal(self.url, answer.status, answer.read(500).decode(errors="replace")))
            yield answer
        except TimeoutError:
            raise Unreachable(
                f"{self.url} does not answer within {patience:g} s: something holds the server up. Its log names it."
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self.url} does not answer: {error}.") from None
        finally:
            connection.close()

    def _json(self, answer: http.client.HTTPResponse) -> Any:
        try:
            return json.loads(answer.read())
        except ValueError:
            raise Unreachable(f"{self.url} is no operator's listener of a Chatroom.") from None


def _refusal(url: str, status: int, said: str) -> str:
    if status == 401:
        return f"{url} does not know this token."
    return f"{url} answered {status}: {' '.join(said.split()) or 'nothing'}."


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Unreachable(f"{file} cannot be read: {error.strerror}.") from None
