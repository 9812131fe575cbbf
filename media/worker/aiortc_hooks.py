"""DTLS-SRTP from aiortc: the one module that touches private names of aiortc and of pylibsrtp.

aiortc's `RTCDtlsTransport` awaits per packet and parses everything it decrypts. Here it is used for the handshake and
for the records that follow; the SRTP sessions it makes are then called directly and synchronously.

What is touched: of the ICE transport `RTCDtlsTransport` is given, it uses ``_recv``, ``_send`` and ``role`` only; of
itself ``_set_role``, ``_srtp_profiles``, ``_rx_srtp``, ``_tx_srtp`` and ``_task``; of the certificate it calls
``_create_ssl_context``. Of pylibsrtp it is ``_binding``, the ``_srtp`` of a session, and libsrtp's ``srtp_protect`` in
it, for packets are protected in place, here and in C.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from functools import cached_property
from typing import Any, cast

import pylibsrtp
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, RTCIceTransport
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM, SRTP_PROFILES, SRTPProtectionProfile
from aiortc.sdp import SessionDescription
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from OpenSSL import SSL
from pylibsrtp import _binding

#: DTLS datagrams kept until they are read. A handshake has a dozen.
MAX_QUEUED = 32

#: AES-128-GCM costs the least CPU; the others are for those that do not have it.
_PROFILES = sorted(SRTP_PROFILES, key=lambda profile: profile is not SRTP_AEAD_AES_128_GCM)

SrtpError = pylibsrtp.Error

#: The longest packet that is protected, in bytes before it is: as SRTP over UDP it fits an Ethernet frame.
MAX_PACKET = 1_456
#: What may be added to it: SRTP_MAX_TRAILER_LEN of libsrtp.
_TRAILER = 144


class DtlsError(Exception):
    """The DTLS handshake failed."""


class _OneContext(RTCCertificate):
    """A certificate with one OpenSSL context for all handshakes; aiortc makes one for each, of 20 kB and more."""

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        assert srtp_profiles is _PROFILES, "one context has one list of profiles"
        return self._context

    @cached_property
    def _context(self) -> SSL.Context:
        context = super()._create_ssl_context(_PROFILES)
        # Each session would be kept in it, though no browser resumes one.
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        # After the handshake there is nothing to buffer until the goodbye.
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        return context


class Certificate:
    """The certificate with which this process presents itself in every handshake (ECDSA, P-256)."""

    def __init__(self) -> None:
        self.aiortc = _OneContext.generateCertificate()

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint in the form of an ``a=fingerprint`` line (RFC 8122)."""
        value = next(f.value for f in self.aiortc.getFingerprints() if f.algorithm == "sha-256")
        return f"sha-256 {value}"


class SrtpSession:
    """An outgoing SRTP session, made by pylibsrtp, that is used without its copies.

    ``address`` is that of libsrtp's session, for C. It is good for as long as this object lives.
    """

    # Each packet is out of here before the next comes in, so there is one for all sessions. Not for threads.
    _packet = _binding.ffi.new("char[]", MAX_PACKET + _TRAILER)
    _buffer = _binding.ffi.buffer(_packet)
    _length = _binding.ffi.new("int *")
    _protect = _binding.lib.srtp_protect

    def __init__(self, session: pylibsrtp.Session) -> None:
        self._session = session  # frees the one of libsrtp when it goes
        self._srtp = session._srtp[0]
        self.address = int(_binding.ffi.cast("uintptr_t", self._srtp))

    def protect(self, packet: bytes) -> bytes:
        """Return the packet as SRTP. Raises SrtpError, and ValueError for one that is too long."""
        size = len(packet)
        if size > MAX_PACKET:
            raise ValueError("packet is too long")
        buffer, length = self._buffer, self._length
        buffer[:size] = packet
        length[0] = size
        status = self._protect(self._srtp, self._packet, length)
        if status:
            raise SrtpError(pylibsrtp.ERRORS[status])
        return cast("bytes", buffer[: length[0]])


def srtp_protect_address() -> int:
    """Return the address of libsrtp's function ``srtp_err_status_t (srtp_t, void *packet, int *length)``, for C.

    It is of the libsrtp in which pylibsrtp's sessions live; no other may touch them.
    """
    return int(_binding.ffi.cast("uintptr_t", _binding.ffi.addressof(_binding.lib, "srtp_protect")))


def srtp_unprotect_address() -> int:
    """Return the address of libsrtp's function for what comes in, of the same form."""
    return int(_binding.ffi.cast("uintptr_t", _binding.ffi.addressof(_binding.lib, "srtp_unprotect")))


class _Datagrams:
    """What RTCDtlsTransport takes for its ICE transport: a bounded queue in, a function out."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], object], busy: Callable[..., None]) -> None:
        self._out = send
        self._busy = busy
        self._queue: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self._closed = False

    def put(self, data: bytes) -> bool:
        if len(self._queue) >= MAX_QUEUED:
            return False
        self._queue.append(data)
        self._arrived.set()
        return True

    def close(self) -> None:
        self._closed = True
        self._arrived.set()
        self._out = self._busy = _nothing

    async def _recv(self) -> bytes:
        self._busy(busy=False)
        while not self._queue:
            if self._closed:
                raise ConnectionError("closed")
            self._arrived.clear()
            await self._arrived.wait()
        self._busy(busy=True)
        return self._queue.popleft()

    async def _send(self, data: bytes) -> None:
        self._out(data)


class DtlsSession:
    """One DTLS-SRTP association (RFC 5764).

    ``send`` takes its datagrams, ``on_closed`` is called when the peer ends it. ``busy`` is told when OpenSSL is about
    to be given a datagram, by ``busy=True``, and when it waits for another.
    """

    def __init__(
        self,
        certificate: Certificate,
        send: Callable[[bytes], object],
        on_closed: Callable[[], None],
        role: str = "server",
        *,
        busy: Callable[..., None] | None = None,
    ) -> None:
        self._datagrams = _Datagrams(send, busy or _nothing)
        self._dtls = RTCDtlsTransport(cast("RTCIceTransport", self._datagrams), [certificate.aiortc])
        self._dtls._set_role(role)
        self._dtls._srtp_profiles = _PROFILES
        self._on_closed = on_closed
        self._done = False

    def feed(self, data: bytes) -> bool:
        """Take a DTLS datagram. Returns False when too many of them wait."""
        return self._datagrams.put(data)

    async def handshake(self, fingerprints: tuple[tuple[str, str], ...]) -> None:
        """Complete the handshake with the peer that has these (algorithm, value) fingerprints. Raises DtlsError.

        There is no deadline here: an association on which nothing arrives costs nothing.
        """
        parameters = RTCDtlsParameters([RTCDtlsFingerprint(algorithm, value) for algorithm, value in fingerprints])
        try:
            await self._dtls.start(parameters)
        except (SSL.Error, ValueError, x509.InvalidVersion, UnsupportedAlgorithm) as error:
            # a certificate or a record so broken that aiortc does not expect it
            raise DtlsError(repr(error)) from error
        if self._dtls.state != "connected":
            raise DtlsError("the handshake failed or the fingerprint does not match")
        self._done = True
        self._dtls.on("statechange", self._changed)

    def protectors(self) -> tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]:
        """Return the functions that encrypt RTP and RTCP. They raise SrtpError, and ValueError for what is too long."""
        session = cast("Any", self._dtls._tx_srtp)
        return session.protect, session.protect_rtcp

    def srtp(self) -> SrtpSession:
        """Return the outgoing SRTP session, once the handshake is complete."""
        return SrtpSession(self._dtls._tx_srtp)

    def unprotectors(self) -> tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]:
        """Return the functions that decrypt RTP and RTCP; they raise as those of `protectors` do."""
        session = cast("Any", self._dtls._rx_srtp)
        return session.unprotect, session.unprotect_rtcp

    def incoming(self) -> int:
        """Return the address of libsrtp's session for what comes in, for C. It lives as long as this object does."""
        return int(_binding.ffi.cast("uintptr_t", cast("Any", self._dtls._rx_srtp)._srtp[0]))

    def forget(self, ssrc: int) -> None:
        """Drop what the SRTP session remembers of an incoming stream that is no more."""
        with contextlib.suppress(SrtpError):  # it never sent
            cast("Any", self._dtls._rx_srtp).remove_stream(ssrc)

    async def aclose(self) -> None:
        """Say goodbye to the peer, and wait for aiortc's own task to end. Nothing is called from then on."""
        self._done = False
        pump = self._dtls._task
        try:
            await self._dtls.stop()
            self._datagrams.close()
            if pump is not None:
                await asyncio.wait([pump])
        finally:
            # What holds us is held by us. OpenSSL's and SRTP's memory is not to wait for the garbage collector.
            self._dtls.remove_all_listeners()
            self._on_closed = _nothing

    def _changed(self) -> None:
        if self._done and self._dtls.state == "closed":
            self._done = False
            self._on_closed()


def _nothing(*_: object, **__: object) -> None:
    """Stand where something was called."""


def parse_session_description(text: str) -> SessionDescription:
    """Parse an SDP with aiortc. Raises ValueError, whatever it is that aiortc stumbles over."""
    try:
        return SessionDescription.parse(text)
    except Exception as error:  # StopIteration, KeyError, AssertionError, AttributeError, TypeError...
        raise ValueError(f"{type(error).__name__}: {error}") from error
