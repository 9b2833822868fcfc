"""The page before joining, in Chromium: what it measures, and what it says where nothing comes through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.server_process import Running, running_server

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
LIMIT_MS = 40_000
CERTAIN = ("page", "devices", "socket", "way", "codecs")
MEASURED = ("echo", "speed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_server(tmp_path_factory.mktemp("check") / "data") as running:
        yield running


def check(browser: Browser, server: Running, scheme: str = "light", size: dict[str, int] = WIDE) -> Page:
    """The page after its check."""
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    page = context.new_page()
    page.goto(f"{server.url}/check")
    page.get_by_test_id("start-check").click()
    expect(page.get_by_test_id("verdict")).to_be_visible(timeout=LIMIT_MS)
    return page


def state(page: Page, finding: str) -> str | None:
    return page.get_by_test_id(f"finding-{finding}").get_attribute("data-state")


def test_a_good_way_is_measured_without_signing_in_and_reported(browser: Browser, server: Running) -> None:
    page = check(browser, server)
    assert {one: state(page, one) for one in CERTAIN} == dict.fromkeys(CERTAIN, "good")
    # A busy machine is a slow way; what matters here is that both were measured.
    assert {state(page, one) for one in MEASURED} <= {"good", "note"}
    expect(page.get_by_test_id("finding-echo")).to_contain_text(re.compile(r"[0-8]\.\d % of \d{2,3} lost"))
    expect(page.get_by_test_id("finding-speed")).to_contain_text(re.compile(r"At least .* to the server"))
    expect(page.get_by_test_id("finding-way")).to_contain_text("UDP to")
    page.get_by_test_id("copy-report").click()
    expect(page.get_by_text("The report was copied.")).to_be_visible()
    report = page.evaluate("navigator.clipboard.readText()")
    assert "[Good] Sound and pictures to and from the server" in report
    assert server.url in report
    page.context.close()


def test_where_nothing_comes_through_it_says_so_and_what_to_do(browser: Browser, tmp_path: Path) -> None:
    nowhere = {"VTP_MEDIA__ANNOUNCED_ADDRESSES": "192.0.2.123"}
    with running_server(tmp_path / "data", settings=nowhere) as server:
        page = check(browser, server, "dark", NARROW)
        assert state(page, "way") == "wrong"
        assert page.get_by_test_id("verdict").get_attribute("data-state") == "wrong"
        expect(page.get_by_test_id("finding-way")).to_contain_text("UDP 192.0.2.123 port")
        assert page.get_by_test_id("finding-echo").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.context.close()


def test_a_refused_camera_is_told_with_its_cure(browser: Browser, server: Running) -> None:
    page = browser.new_context(viewport=WIDE).new_page()  # type: ignore[arg-type]
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = "
        "() => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    page.goto(f"{server.url}/check")
    page.get_by_test_id("start-check").click()
    expect(page.get_by_test_id("finding-devices")).to_have_attribute("data-state", "wrong", timeout=LIMIT_MS)
    expect(page.get_by_test_id("finding-devices")).to_contain_text("Allow them for this page")
    page.context.close()
