"""A canary: these fail when a release of aiortc or pylibsrtp moves what `media.worker.aiortc_hooks` holds on to."""

from __future__ import annotations

import asyncio
import contextlib
import inspect

import pylibsrtp
import pytest
from aiortc import RTCDtlsTransport, rtcdtlstransport
from OpenSSL import SSL
from pylibsrtp import _binding

from media.worker import aiortc_hooks
from media.worker.aiortc_hooks import Certificate, DtlsSession, SrtpError, SrtpSession, srtp_protect_address

SOURCE = inspect.getsource(RTCDtlsTransport)


@pytest.mark.parametrize("name", ["_set_role", "_srtp_profiles", "_rx_srtp", "_tx_srtp", "_task", "_state"])
def test_aiortc_still_has_the_private_name(name: str) -> None:
    assert f"self.{name}" in SOURCE, (
        f"aiortc's RTCDtlsTransport has no {name} any more: see media/worker/aiortc_hooks.py"
    )


def test_aiortc_still_asks_of_its_ice_transport_only_what_the_worker_has() -> None:
    used = {name for name in ("_recv", "_send", "role") if f"transport.{name}" in SOURCE}
    assert used == {"_recv", "_send", "role"}
    assert "transport.start" not in SOURCE


def test_aiortc_still_has_the_profiles() -> None:
    assert aiortc_hooks._PROFILES[0] is rtcdtlstransport.SRTP_AEAD_AES_128_GCM
    assert {p.openssl_profile for p in aiortc_hooks._PROFILES} == {
        p.openssl_profile for p in rtcdtlstransport.SRTP_PROFILES
    }
    assert rtcdtlstransport.SRTP_AES128_CM_SHA1_80 in aiortc_hooks._PROFILES


def test_handshakes_share_a_context_that_remembers_none_of_them() -> None:
    assert "._create_ssl_context(" in SOURCE
    certificate, other = Certificate().aiortc, Certificate().aiortc
    context = certificate._create_ssl_context(aiortc_hooks._PROFILES)
    assert certificate._create_ssl_context(aiortc_hooks._PROFILES) is context
    assert other._create_ssl_context(aiortc_hooks._PROFILES) is not context
    assert context.get_session_cache_mode() == SSL.SESS_CACHE_OFF


def test_pylibsrtp_still_has_its_functions() -> None:
    for name in ("protect", "protect_rtcp", "unprotect", "unprotect_rtcp", "remove_stream"):
        assert callable(getattr(pylibsrtp.Session, name, None)), f"pylibsrtp's Session has no {name} any more"


def test_pylibsrtp_still_has_what_c_calls() -> None:
    ffi, lib = _binding.ffi, _binding.lib
    function = ffi.typeof(ffi.addressof(lib, "srtp_protect"))
    result, arguments = function.result, [argument.cname for argument in function.args]
    assert (result.cname, ffi.sizeof(result), arguments) == (
        "srtp_err_status_t",
        ffi.sizeof("int"),
        ["struct srtp_ctx_t_ *", "void *", "int *"],
    ), "media/worker/kernel/fanout.c calls it as int (*)(void *, void *, int *)"
    assert srtp_protect_address() == int(ffi.cast("uintptr_t", ffi.addressof(lib, "srtp_protect"))) > 0
    session = pylibsrtp.Session()
    assert ffi.typeof(session._srtp).cname == "struct srtp_ctx_t_ * *"
    assert SrtpSession(session).address == int(ffi.cast("uintptr_t", session._srtp[0])) > 0


def test_a_packet_is_protected_as_pylibsrtp_does() -> None:
    def session() -> pylibsrtp.Session:
        return pylibsrtp.Session(pylibsrtp.Policy(bytes(range(30)), pylibsrtp.Policy.SSRC_ANY_OUTBOUND))

    plain, ours = session(), SrtpSession(session())
    packet = bytes([0x80, 96]) + bytes(10) + b"payload"
    assert ours.protect(packet) == plain.protect(packet)
    with pytest.raises(SrtpError, match="replay"):
        ours.protect(packet)
    with pytest.raises(ValueError, match="too long"):
        ours.protect(packet + bytes(aiortc_hooks.MAX_PACKET))


def test_two_sessions_shake_hands_and_say_goodbye() -> None:
    async def main() -> None:
        server_certificate, client_certificate = Certificate(), Certificate()
        closed = asyncio.Event()

        def to_client(data: bytes) -> None:
            client.feed(data)

        def to_server(data: bytes) -> None:
            server.feed(data)

        server = DtlsSession(server_certificate, to_client, closed.set)
        client = DtlsSession(client_certificate, to_server, lambda: None, role="client")

        def fingerprints(certificate: Certificate) -> tuple[tuple[str, str], ...]:
            algorithm, value = certificate.fingerprint.split()
            return ((algorithm, value),)

        await asyncio.gather(
            server.handshake(fingerprints(client_certificate)), client.handshake(fingerprints(server_certificate))
        )
        packet = bytes([0x80, 96]) + bytes(10) + b"payload"
        assert server.unprotectors()[0](client.protectors()[0](packet)) == packet
        server.forget(0)
        await client.aclose()
        await closed.wait()
        await server.aclose()

    asyncio.run(main())


@pytest.mark.parametrize(
    "text", ["a=fmtp:1 x", "m=audio", "m=audio 9 X 300", "a=setup:nobody", "v=x", "m=audio 9 X 0\r\na=mid"]
)
def test_whatever_the_parser_stumbles_over_is_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        aiortc_hooks.parse_session_description(text)
