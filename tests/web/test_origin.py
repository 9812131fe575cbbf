from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.origin import allowed


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "chat.example.org"),
        (None, None),
        ("http://localhost:8000", "localhost:8000"),
        ("http://LOCALHOST:8000", "localhost:8000"),
        ("http://localhost:8000", "LocalHost:8000"),
        ("https://chat.example.org", "chat.example.org"),
        ("https://chat.example.org:443", "chat.example.org"),
        ("https://chat.example.org", "chat.example.org:443"),
        ("http://chat.example.org", "chat.example.org:80"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("http://[::1]", "[::1]"),
        ("http://192.0.2.1:81", "192.0.2.1:81"),
    ],
)
def test_our_own_pages_and_programs_are_let_in(origin: str | None, host: str | None) -> None:
    assert allowed(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "chat.example.org"),
        ("https://chat.example.org.evil.example", "chat.example.org"),
        ("https://evil-chat.example.org", "chat.example.org"),
        ("https://chat.example.org@evil.example", "chat.example.org"),
        ("https://evil.example@chat.example.org", "chat.example.org"),
        ("https://evil.example/chat.example.org", "chat.example.org"),
        ("https://evil.example#chat.example.org", "chat.example.org"),
        ("https://evil.example\\chat.example.org", "chat.example.org"),
        ("http://localhost:8001", "localhost:8000"),
        ("http://localhost", "localhost:8000"),
        ("https://chat.example.org", "chat.example.org:8000"),
        ("https://chat.example.org:x", "chat.example.org"),
        ("https://chat.example.org:", "chat.example.org"),
        ("http://a:" + "1" * 5_000, "a"),
        ("http://a", "a:" + "1" * 5_000),
        ("http://a", "a:x"),
        ("http://::1", "::1"),
        ("http://[::1", "[::1"),
        ("http://", ""),
        ("https://chat.example.org", None),
        ("null", "null"),
        ("", ""),
        ("file://", ""),
        ("chrome-extension://abc", "abc"),
        ("ws://localhost:8000", "localhost:8000"),
    ],
)
def test_other_pages_are_not(origin: str, host: str | None) -> None:
    assert not allowed(origin, host)


def test_other_origins_may_be_named() -> None:
    extra = ["https://Chat.example.org/"[:-1], "http://other.example:81"]
    assert allowed("https://chat.example.org", "10.0.0.1:8000", extra)
    assert allowed("https://chat.example.org:443", "10.0.0.1:8000", extra)
    assert allowed("http://other.example:81", None, extra)
    assert not allowed("http://chat.example.org", "10.0.0.1:8000", extra)
    assert not allowed("http://other.example", "10.0.0.1:8000", extra)


_authority = st.text(alphabet="ab.:[]@/#?\\ 019%\x00é٣²", max_size=12)


@given(origin=st.text() | st.builds("http://{}".format, _authority), host=st.none() | st.text() | _authority)
def test_nothing_that_is_sent_raises(origin: str, host: str | None) -> None:
    assert allowed(origin, host) in {True, False}


@given(host=st.from_regex(r"[a-z][a-z0-9.-]{0,20}", fullmatch=True), port=st.integers(1, 65_535))
def test_a_page_of_any_host_may_speak_to_its_host(host: str, port: int) -> None:
    assert allowed(f"http://{host}:{port}", f"{host}:{port}")
    assert not allowed(f"http://{host}:{port}", f"{host}x:{port}")
