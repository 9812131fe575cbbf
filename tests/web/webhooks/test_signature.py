"""Signatures, against what a reference library makes."""

from __future__ import annotations

import base64

import pytest

from web.webhooks.errors import BadSecret
from web.webhooks.signature import headers, read_secrets, sign

#: Signed by the Python library of the specification, standardwebhooks 1.1.0.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjSw"
ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,q6KMVIJHk4Gs770FfR5f591Ftx7uVJSGl5wHV1ri978="


def test_it_is_what_the_reference_library_makes() -> None:
    (secret,) = read_secrets(f"{SECRET}\n")
    assert sign(secret, ID, TIMESTAMP, BODY) == SIGNATURE
    assert headers([secret], ID, TIMESTAMP, BODY) == {
        "webhook-id": ID,
        "webhook-timestamp": str(TIMESTAMP),
        "webhook-signature": SIGNATURE,
    }


@pytest.mark.parametrize("change", [(ID + "x", TIMESTAMP, BODY), (ID, TIMESTAMP + 1, BODY), (ID, TIMESTAMP, b"{}")])
def test_whatever_is_changed_is_another_signature(change: tuple[str, int, bytes]) -> None:
    (secret,) = read_secrets(SECRET)
    assert sign(secret, *change) != SIGNATURE


def test_two_secrets_are_two_signatures_while_one_is_replaced_by_the_other() -> None:
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    signed = headers(read_secrets(f"{other}\n{SECRET}\n"), ID, TIMESTAMP, BODY)["webhook-signature"]
    assert len(signed.split(" ")) == 2
    assert signed.endswith(SIGNATURE)


@pytest.mark.parametrize(
    "text",
    [
        *("", "\n", "whsec_", "not base64!", "\n".join([SECRET] * 5)),
        *(base64.b64encode(secret).decode() for secret in (b"short", b"x" * 65)),
    ],
)
def test_what_is_no_secret_is_refused_without_telling_it(text: str) -> None:
    with pytest.raises(BadSecret) as refused:
        read_secrets(text)
    assert len(text) < 8 or text[:20] not in str(refused.value)
