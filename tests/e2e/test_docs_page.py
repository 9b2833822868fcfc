"""The readable page of the API in Chromium: it shows every operation, and its policy blocks nothing of it."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.server_process import running_server

pytestmark = pytest.mark.e2e


def test_page_shows_every_operation_under_the_content_security_policy(
    tmp_path: Path, browser: Browser
) -> None:
    with running_server(tmp_path / "data", "--open-rooms") as server:
        with urllib.request.urlopen(f"{server.url}/api/openapi.json", timeout=10) as answer:
            paths = json.load(answer)["paths"]
        page = browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{server.url}/api/docs")
        page.locator("details").first.wait_for()
        assert page.locator("details").count() == sum(len(methods) for methods in paths.values())
        page.get_by_label("Find").fill("post /whip")
        assert page.locator("details:visible").count() == 1
        page.locator("details:visible summary").click()
        assert "application/sdp" in page.locator("details:visible").inner_text()
        page.get_by_label("Find").fill("no such word")
        assert page.get_by_text("No call has all of these words.").is_visible()
        page.goto(f"{server.url}/api/docs#login")
        page.locator("#login[open]").get_by_text('-H "Content-Type: application/json"').wait_for()
        page.set_viewport_size({"width": 360, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.screenshot(path=tmp_path / "docs.png")
        page.close()
    assert complaints == []
