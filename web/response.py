"""What every answer has, whichever listener gives it."""

from __future__ import annotations

import mimetypes
from typing import Self

from quart_trio.wrappers import TrioResponse
from quart_trio.wrappers.response import TrioFileBody

# No inline script or style, nothing from elsewhere, no page around ours.
_CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Revalidated at each use, by ETag: a new release is never mixed with modules of the last.
    "Cache-Control": "no-cache",
}


mimetypes.init()  # reads files; else the first answer would, and hold all others up


class FileBody(TrioFileBody):
    """A file that is sent. Closed, too, when whoever asked for it went before it was sent."""

    buffer_size = 65_536  # each piece is read in a thread of its own

    async def __aenter__(self) -> Self:
        try:
            await super().__aenter__()
        except BaseException:
            if self.file is not None:
                self.file.wrapped.close()
            raise
        return self


class AppResponse(TrioResponse):
    file_body_class = FileBody
