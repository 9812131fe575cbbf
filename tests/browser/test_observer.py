"""The observer in the operator's browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.processes import running_server
from web.operator.runtime import notices


@pytest.mark.parametrize("width", [1280, 390])
def test_an_operator_logs_in_and_looks_at_a_task_and_its_stack(browser: Browser, tmp_path: Path, width: int) -> None:
    with running_server("--operator-port", "0", "--runtime-dir", str(tmp_path)):
        (notice,) = notices(tmp_path)
        page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(f"{notice.url}/observer")
        page.get_by_label("Token").fill("not the token of this server")
        page.get_by_role("button", name="Look inside").click()
        expect(page.get_by_role("alert")).to_have_text("That is not the token of this server.")
        page.get_by_label("Token").fill(Path(notice.token_file).read_text().strip())
        page.get_by_role("button", name="Look inside").click()

        expect(page.locator("#summary")).to_contain_text("running")
        page.get_by_label("Search").fill("heartbeat")
        page.get_by_role("button", name="heartbeat").click()
        task = page.get_by_role("region", name="Task", exact=True)
        expect(task).to_contain_text(re.compile(r"serve/media/workers/worker:0/\S*link"))
        expect(task).to_contain_text(re.compile(r"media/bridge/link\.py:\d+ WorkerLink\._beat"))

        page.get_by_role("button", name="Meter").click()
        expect(page.get_by_role("button", name="Metering")).to_be_visible()
        if width < 800:
            page.get_by_role("button", name="Leaders").click()
        expect(page.get_by_role("region", name="Leaders").locator("li").first).to_contain_text("%")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert errors == []
        page.context.close()
