"""One POST to an endpoint, and what its answer means."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Literal

import attrs
import trio

if TYPE_CHECKING:
    import httpcore

#: Connections to one endpoint, and seconds for which one is kept that nothing is sent on.
CONNECTIONS = 8
KEPT = 30.0
#: Bytes of an answer that are read, so that the connection can be used again. Nothing in it matters.
MAX_ANSWER = 65_536

Verdict = Literal["done", "refused", "failed"]
#: Of these the endpoint as a whole is not able just now.
_UNABLE = {408, 425, 429}


@attrs.frozen
class Answer:
    """What became of a try. ``asked`` are seconds that the endpoint wants to be left alone, ``words`` for a log."""

    verdict: Verdict
    words: str
    asked: float | None = None


Post = Callable[[Mapping[str, str], bytes], Awaitable[Answer]]
#: Opens the way to an endpoint.
OpenPost = Callable[[str, float], AbstractAsyncContextManager[Post]]


@asynccontextmanager
async def open_post(url: str, timeout: float) -> AsyncGenerator[Post, None]:
    """Return what sends a body to ``url``, within ``timeout`` seconds; it raises nothing of the network's."""
    import httpcore  # with a server that tells nobody it has no business

    context = ssl.create_default_context() if url.startswith("https") else None
    async with httpcore.AsyncConnectionPool(
        ssl_context=context, max_connections=CONNECTIONS, keepalive_expiry=KEPT
    ) as pool:

        async def post(headers: Mapping[str, str], body: bytes) -> Answer:
            try:
                with trio.fail_after(timeout):
                    async with pool.stream("POST", url, headers=list(headers.items()), content=body) as response:
                        await _read(response)
                        return judge(response.status, dict(response.headers))
            except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
                return Answer("failed", f"{type(error).__name__}: {error}".rstrip(": "))
            except trio.TooSlowError:
                return Answer("failed", f"no answer within {timeout:g} s")

        yield post


async def _read(response: httpcore.Response) -> None:
    size = 0
    async for part in response.aiter_stream():
        size += len(part)
        if size > MAX_ANSWER:
            return


def judge(status: int, headers: Mapping[bytes, bytes]) -> Answer:
    """Say what an answer means. Redirections are not followed: where to send is the operator's to say."""
    if 200 <= status < 300:
        return Answer("done", str(status))
    if status < 500 and status not in _UNABLE:
        return Answer("refused", str(status))
    asked = next((value for name, value in headers.items() if name.lower() == b"retry-after"), b"")
    return Answer("failed", str(status), float(asked) if asked.isdigit() and len(asked) < 8 else None)
