from __future__ import annotations

from pathlib import Path

import pytest

from media.secret import BadSecret, read_secret


@pytest.mark.parametrize("text", ["0123456789abcdef", "0123456789abcdef\n", "  0123456789abcdef\r\n"])
def test_a_secret_is_one_line_of_a_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret").write_text(text)
    assert read_secret(tmp_path / "secret") == "0123456789abcdef"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "a secret of 16 to 1024 characters"),
        (b"0123456789abcde\n", "a secret of 16 to 1024 characters"),
        (b"x" * 1025, "a secret of 16 to 1024 characters"),
        (b"0123456789 abcdef", "one line of printable ASCII"),
        (b"0123456789abcdef\n0123456789abcdef", "one line of printable ASCII"),
        ("0123456789abcdeü".encode(), "one line of printable ASCII"),
        (b"0123456789abcde\0", "one line of printable ASCII"),
    ],
)
def test_what_is_no_secret_is_not_shown(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "secret").write_bytes(data)
    with pytest.raises(BadSecret, match=words) as bad:
        read_secret(tmp_path / "secret")
    assert "0123" not in str(bad.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSecret, match="missing cannot be read: No such file"):
        read_secret(tmp_path / "missing")
