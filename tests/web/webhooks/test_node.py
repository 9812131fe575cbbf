"""A server that tells: what of all that happens in it reaches the webhooks."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from chatroom.testing import FakeMedia
from tests.ports import free_port
from tests.web.page import page
from tests.web.served import eventually, serving_app
from web.app import create_app
from web.settings import Settings
from web.webhooks import Event, Webhooks


async def test_who_comes_and_goes_and_what_is_wrong_is_told_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Event] = []
    post = Webhooks.post

    def note(webhooks: Webhooks, event: Event) -> None:
        told.append(event)
        post(webhooks, event)

    def has(kind: str) -> bool:
        return any(event.type == kind for event in told)

    monkeypatch.setattr(Webhooks, "post", note)
    secret = tmp_path / "secret"
    secret.write_text(base64.b64encode(b"x" * 32).decode())
    url = f"http://127.0.0.1:{free_port()}/"
    settings = Settings(port=0, webhook_url=(url,), webhook_secret_file=secret, data_dir=tmp_path)
    media = FakeMedia()
    async with serving_app(create_app(settings, media), settings) as served, page(served.port, "Ada") as ada:
        media.lose()
        await eventually(lambda: has("worker_lost"))
        media.restore()
        await eventually(lambda: has("worker_restored"))
        statistics = served.node.webhooks
        assert statistics is not None
        await eventually(lambda: statistics.statistics().stored >= 4)
        served.stop.set()
        assert await ada.closed() == 1001
    kinds = [event.type for event in told if event.type != "worker_lost"]
    assert kinds[:3] == ["server_started", "room_started", "participant_joined"]
    assert kinds[-2:] == ["participant_left", "room_ended"], "also what happens after the last socket is closed"
    assert told[-2].data["reason"] == "server_stopping"
    healthz = served.node.statistics()
    assert healthz.webhooks is not None
    assert healthz.webhooks.posted == len(told)
