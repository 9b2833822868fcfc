"""Two in a class whose media goes from one to the other; this runs alone: pictures move between two ways."""

from __future__ import annotations

import re
import select
import time
from typing import Any

from playwright.sync_api import expect

from tests.e2e.classes.class_pages import (
    Visit,
    ask,
    join,
    row_of,
    tile_of,
    token_of,
    watch,
)
from tests.e2e.frame_order import assert_in_order, wait_for_numbers
from tests.server_process import Running

LONG_NAME = "Ruth " + "Wolfeschlegelsteinhausenbergerdorff" * 2


def test_two_go_directly_until_a_third_comes(server: Running, visit: Visit, class_of_two: Any) -> None:
    ada, sam, slug = class_of_two
    expect(tile_of(sam, "Ada Lovelace")).to_have_attribute("data-picture", "true")
    ada.get_by_test_id("class-menu").click()
    ada.get_by_test_id("menu-room").click()
    ada.get_by_test_id("setting-p2p").click()
    wait_for_live(server, slug, live=False)
    watch(sam, "Ada Lovelace")
    assert_in_order(wait_for_numbers(sam, 10))
    expect(tile_of(sam, "Ada Lovelace")).to_have_attribute("data-muted", "false")
    ada.get_by_test_id("toggle-microphone").click()
    expect(tile_of(sam, "Ada Lovelace")).to_have_attribute("data-muted", "true")
    ada.get_by_test_id("toggle-microphone").click()
    third = visit("sam")
    join(third, slug, server.url)
    wait_for_live(server, slug, live=True)
    for page in (sam, third):
        watch(page, "Ada Lovelace")
        assert_in_order(wait_for_numbers(page, 10))
        expect(tile_of(page, "Ada Lovelace")).to_have_attribute("data-muted", "false")


def test_a_teacher_mutes_in_a_direct_call_and_both_hear_a_shared_screen(
    server: Running, class_of_two: Any
) -> None:
    ada, sam, slug = class_of_two
    ada.get_by_test_id("class-menu").click()
    ada.get_by_test_id("menu-room").click()
    ada.get_by_test_id("setting-p2p").click()
    ada.keyboard.press("Escape")
    wait_for_live(server, slug, live=False)
    ada.get_by_test_id("panel-people").click()
    for item, toggle, shown in (
        ("Mute", "toggle-microphone", ("data-muted", "true", "false")),
        ("Stop camera", "toggle-camera", ("data-picture", "false", "true")),
    ):
        name, off, on = shown
        expect(tile_of(ada, "Sam Okafor")).to_have_attribute(name, on)
        row_of(ada, "Sam Okafor").get_by_test_id("person-more").click()
        ada.get_by_role("menuitem", name=item).click()
        expect(tile_of(ada, "Sam Okafor")).to_have_attribute(name, off)
        expect(sam.get_by_test_id(toggle)).to_have_class(re.compile("round-off"))
        sam.get_by_test_id(toggle).click()
        expect(tile_of(ada, "Sam Okafor")).to_have_attribute(name, on)
    sounds = ada.locator("audio.sound")
    before = sounds.count()
    sam.get_by_test_id("toggle-screen").click()
    expect(sounds).to_have_count(before + 1)
    wait_for_live(server, slug, live=False)
    sam.get_by_test_id("toggle-screen").click()
    expect(sounds).to_have_count(before)


def wait_for_live(server: Running, slug: str, *, live: bool) -> None:
    """Until somebody's media goes through the server, or nobody's does."""
    token = token_of(server, "ada")
    deadline = time.monotonic() + 60
    while ask(server, f"/api/v1/rooms/{slug}", token=token)["live"] is not live:
        assert time.monotonic() < deadline, f"live is never {live}"
        select.select([], [], [], 0.2)
