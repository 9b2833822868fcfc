"""A server that is started again in the middle of a class: everybody is in it again by themselves."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.e2e.classes.class_pages import WIDE, frames, join, make_room, sign_in, tile_of
from tests.e2e.conftest import poll
from tests.free_ports import free_port
from tests.server_process import running_server


def test_a_class_goes_on_after_the_server_was_restarted(
    tmp_path: Path, accounts: Path, browser: Browser
) -> None:
    shutil.copytree(accounts, tmp_path / "data")
    settings = {"VTP_HTTP__PORT": str(free_port())}
    ada, sam = (browser.new_context(viewport=WIDE, bypass_csp=True).new_page() for _ in range(2))  # type: ignore[arg-type]
    with running_server(tmp_path / "data", settings=settings) as server:
        for page, name in ((ada, "ada"), (sam, "sam")):
            sign_in(page, server.url, name)
        make_room(server, "restart")
        for page in (ada, sam):
            join(page, "restart", server.url)
        sam.keyboard.press("m")
        poll(sam, f"{frames(sam, 'Ada Lovelace')} > 5")
        assert server.end()[0] == 0
        for page in (ada, sam):
            expect(page.get_by_test_id("class-lost")).to_be_visible()
    with running_server(tmp_path / "data", settings=settings):
        for page in (ada, sam):
            expect(page.get_by_test_id("class-lost")).to_be_hidden(timeout=90_000)
        expect(tile_of(ada, "Sam Okafor")).to_have_attribute("data-muted", "true")
        for page, other in ((sam, "Ada Lovelace"), (ada, "Sam Okafor")):
            expect(tile_of(page, other)).to_have_attribute("data-picture", "true")
            poll(page, f"{frames(page, other)} > 5")
