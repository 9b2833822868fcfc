"""Who holds a class sees how it goes: who is here, what they do, who has left."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.classes.class_pages import NARROW, Visit, join, make_room
from tests.server_process import Running

SLOW_MS = 30_000
"""It asks every five seconds, of what is stored every two."""


def open_live(page: Page) -> None:
    page.get_by_test_id("class-menu").click()
    page.get_by_test_id("menu-live").click()


def test_the_teacher_sees_who_is_here_talks_and_has_left_and_students_do_not(
    server: Running, visit: Visit
) -> None:
    ada, sam = visit("ada"), visit("sam")
    make_room(server, "goes")
    join(ada, "goes", server.url)
    join(sam, "goes", server.url)
    open_live(ada)
    row = ada.get_by_test_id("live-Sam Okafor")
    expect(row).to_have_attribute("data-standing", "here", timeout=SLOW_MS)
    expect(ada.get_by_test_id("live-Ada Lovelace")).to_be_hidden()
    sam.keyboard.press("h")
    expect(row).to_contain_text("Hand raised")
    expect(row).to_contain_text("1 hand", timeout=SLOW_MS)
    expect(ada.get_by_test_id("live-sum")).to_contain_text("here1")
    expect(row.locator(".live-talk")).to_contain_text(re.compile("talked"), timeout=SLOW_MS)
    sam.get_by_test_id("class-menu").click()
    expect(sam.get_by_test_id("menu-live")).to_be_hidden()
    sam.close()
    expect(row).to_have_attribute("data-standing", "gone")
    ada.set_viewport_size({"width": NARROW["width"], "height": NARROW["height"]})
    expect(ada.get_by_test_id("live-class")).to_be_visible()
    assert ada.evaluate("document.documentElement.scrollWidth <= innerWidth")
