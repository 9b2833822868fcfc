"""The class page as people use it: a teacher and students in Chromium, from the door to the end."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.classes.class_pages import (
    Visit,
    assert_fits_a_phone,
    frames,
    join,
    make_room,
    row_of,
    tile_of,
    watch,
    write,
)
from tests.e2e.conftest import poll
from tests.e2e.frame_order import assert_in_order, wait_for_numbers
from tests.server_process import Running
from vtp.bench.lecture_sound import TONE_HZ

LONG_NAME = "Ruth " + "Wolfeschlegelsteinhausenbergerdorff" * 2
FACE = "[data-testid=stage] .tile[data-name='Ada Lovelace']"
FOOT_OF = 'document.querySelector("{}")?.getBoundingClientRect().bottom'
TOP_OF_CHAT = "document.querySelector('[data-testid=side-chat]').getBoundingClientRect().top"


def test_two_who_join_by_the_page_see_and_hear_each_other(class_of_two: tuple[Page, Page, str]) -> None:
    ada, sam, _ = class_of_two
    watch(sam, "Ada Lovelace")
    watch(ada, "Sam Okafor")
    for page in (ada, sam):
        assert_in_order(wait_for_numbers(page, 20))
        poll(page, "document.querySelectorAll('audio.sound').length === 1")
        page.evaluate("window.video = document.querySelector('audio.sound')")
        heard = page.evaluate(f"listen({TONE_HZ}, 10)")
        assert heard["share"] > 0.5, heard
        assert_fits_a_phone(page)


def test_camera_microphone_and_screen_go_on_and_off(class_of_two: tuple[Page, Page, str]) -> None:
    ada, sam, _ = class_of_two
    expect(tile_of(sam, "Ada Lovelace")).to_have_attribute("data-picture", "true")
    ada.keyboard.press("m")
    expect(tile_of(sam, "Ada Lovelace")).to_have_attribute("data-muted", "true")
    ada.keyboard.press("m")
    expect(tile_of(sam, "Ada Lovelace")).to_have_attribute("data-muted", "false")
    ada.get_by_test_id("toggle-camera").click()
    expect(tile_of(sam, "Ada Lovelace")).to_have_attribute("data-picture", "false")
    assert ada.evaluate("document.querySelector('.tile[data-name=\"Ada Lovelace\"] video')") is None
    ada.get_by_test_id("toggle-camera").click()
    expect(tile_of(sam, "Ada Lovelace")).to_have_attribute("data-picture", "true")
    ada.get_by_test_id("toggle-screen").click()
    expect(tile_of(sam, "Ada Lovelace", "screen")).to_be_visible()
    expect(sam.get_by_test_id("stage")).to_have_attribute("data-large", re.compile("."))
    poll(sam, f"{frames(sam, 'Ada Lovelace', 'screen')} > 5")
    expect(sam.get_by_test_id("toggle-view")).to_be_disabled()
    ada.get_by_test_id("toggle-screen").click()
    expect(tile_of(sam, "Ada Lovelace", "screen")).to_be_hidden()
    expect(sam.get_by_test_id("toggle-view")).to_be_enabled()


def test_a_tile_that_was_on_another_page_is_seen_again(class_of_two: tuple[Page, Page, str]) -> None:
    _, sam, _ = class_of_two
    poll(sam, f"{frames(sam, 'Ada Lovelace')} > 5")
    sam.set_viewport_size({"width": 320, "height": 300})
    expect(sam.get_by_test_id("tile-page")).to_have_text("1/2")
    poll(sam, f"{frames(sam, 'Ada Lovelace')} > 5")
    sam.get_by_test_id("next-tiles").click()
    expect(tile_of(sam, "Ada Lovelace")).to_be_hidden()
    expect(tile_of(sam, "Sam Okafor")).to_be_visible()
    sam.get_by_role("button", name="People before these").click()
    watch(sam, "Ada Lovelace")
    assert_in_order(wait_for_numbers(sam, 10))


def test_a_teacher_mutes_a_student_who_may_unmute(class_of_two: tuple[Page, Page, str]) -> None:
    ada, sam, _ = class_of_two
    expect(tile_of(ada, "Sam Okafor")).to_have_attribute("data-muted", "false")
    ada.get_by_test_id("panel-people").click()
    row_of(ada, "Sam Okafor").get_by_test_id("person-more").click()
    ada.get_by_test_id("mute").click()
    expect(sam.get_by_test_id("toast")).to_contain_text("Ada Lovelace has muted you.")
    expect(tile_of(ada, "Sam Okafor")).to_have_attribute("data-muted", "true")
    sam.get_by_test_id("toggle-microphone").click()
    expect(tile_of(ada, "Sam Okafor")).to_have_attribute("data-muted", "false")
    row_of(ada, "Sam Okafor").get_by_test_id("person-more").click()
    ada.get_by_role("menuitem", name="Make assistant").click()
    sam.get_by_test_id("panel-people").click()
    expect(sam.get_by_test_id("mute-all")).to_be_visible()
    sam.get_by_test_id("class-menu").click()
    sam.get_by_test_id("menu-live").click()
    expect(sam.get_by_test_id("live-class")).to_be_visible()
    row_of(ada, "Sam Okafor").get_by_test_id("person-more").click()
    ada.get_by_role("menuitem", name="Make student").click()
    expect(sam.get_by_test_id("live-class")).to_be_hidden()
    sam.get_by_test_id("panel-people").click()
    expect(row_of(sam, "Ada Lovelace")).to_be_visible()
    expect(sam.get_by_test_id("mute-all")).to_be_hidden()
    ada.get_by_test_id("class-menu").click()
    ada.get_by_test_id("menu-room").click()
    ada.get_by_test_id("setting-speak").click()
    expect(sam.get_by_test_id("toggle-microphone")).to_be_disabled()
    expect(tile_of(ada, "Sam Okafor")).to_have_attribute("data-muted", "true")
    expect(sam.get_by_test_id("toast").filter(has_text="Microphones are for staff only")).to_have_count(1)


def test_on_a_phone_the_chat_and_what_is_told_leave_who_speaks_and_the_buttons_in_sight(
    class_of_two: tuple[Page, Page, str],
) -> None:
    ada, sam, _ = class_of_two
    sam.set_viewport_size({"width": 400, "height": 800})
    sam.get_by_test_id("panel-chat").click()
    ada.get_by_test_id("panel-people").click()
    row_of(ada, "Sam Okafor").get_by_test_id("person-more").click()
    ada.get_by_test_id("mute").click()
    poll(sam, f"{FOOT_OF.format('.toast')} <= {TOP_OF_CHAT}")
    poll(sam, f"{FOOT_OF.format(FACE)} <= {TOP_OF_CHAT}")
    assert sam.evaluate(f"document.querySelector({FACE!r}).clientHeight") > 60


def test_chat_hands_polls_and_presenter_reach_the_other(class_of_two: tuple[Page, Page, str]) -> None:
    ada, sam, _ = class_of_two
    write(ada, "Welcome! See https://school.example/sheet.pdf.")
    expect(sam.get_by_test_id("panel-chat")).to_have_attribute("aria-label", "Chat, 1 new")
    sam.keyboard.press("c")
    line = sam.get_by_test_id("chat-line").first
    link = line.get_by_role("link", name="https://school.example/sheet.pdf")
    expect(link).to_have_attribute("rel", re.compile("noopener"))
    line.hover()
    line.get_by_test_id("chat-reply").click()
    sam.get_by_test_id("chat-text").fill("Thank you <b>")
    sam.keyboard.press("Enter")
    answer = ada.get_by_test_id("chat-line").nth(1)
    expect(answer).to_contain_text("Ada Lovelace: Welcome!")
    expect(answer).to_contain_text("Thank you <b>")
    sam.get_by_test_id("chat-to").select_option(label="Ada Lovelace alone")
    sam.get_by_test_id("chat-text").fill("I am late today.")
    sam.keyboard.press("Enter")
    expect(ada.get_by_test_id("chat-line").nth(2)).to_contain_text("to you alone")
    answer.hover()
    answer.get_by_test_id("chat-delete").click()
    expect(sam.get_by_test_id("chat-line").nth(1)).to_contain_text("This message was deleted.")
    sam.get_by_test_id("chat-search").fill("welcome")
    expect(sam.get_by_test_id("chat-found").get_by_test_id("chat-line")).to_have_count(1)
    assert_fits_a_phone(sam)

    sam.keyboard.press("Escape")
    sam.get_by_test_id("toggle-hand").click()
    expect(tile_of(ada, "Sam Okafor").get_by_test_id("tile-hand")).to_contain_text("1")
    sam.get_by_test_id("toggle-reactions").click()
    sam.get_by_test_id("react-applause").click()
    expect(ada.get_by_test_id("reaction")).to_contain_text("Sam Okafor")
    ada.get_by_test_id("panel-people").click()
    ada.get_by_test_id("lower-all-hands").click()
    expect(sam.get_by_test_id("toggle-hand")).to_have_attribute("aria-label", "Raise the hand")
    assert_fits_a_phone(ada)

    ada.get_by_test_id("panel-polls").click()
    ada.get_by_test_id("new-poll").click()
    ada.get_by_test_id("poll-question").fill("Which is a prime?")
    ada.get_by_test_id("poll-option-1").fill("91")
    ada.get_by_test_id("poll-option-2").fill("97")
    assert_fits_a_phone(ada)
    ada.get_by_test_id("ask-poll").click()
    sam.get_by_test_id("toast").filter(has_text="Which is a prime?").get_by_role(
        "button", name="Vote"
    ).click()
    sam.get_by_test_id("vote-1").check()
    sam.get_by_test_id("vote").click()
    expect(ada.get_by_test_id("poll-results")).to_contain_text("100 %")
    expect(sam.get_by_test_id("poll-results")).to_be_hidden()
    ada.get_by_test_id("close-poll").click()
    expect(sam.get_by_test_id("poll-results")).to_contain_text("100 %")

    tile = tile_of(ada, "Sam Okafor")
    tile.hover()
    tile.get_by_role("button", name="More for Sam Okafor").click()
    ada.get_by_test_id("pin-for-all").click()
    expect(sam.get_by_test_id("stage")).to_have_attribute("data-large", re.compile("."))
    expect(ada.get_by_test_id("stage")).to_have_attribute("data-large", re.compile("."))


def test_the_lobby_removal_and_the_end_for_all(server: Running, visit: Visit) -> None:
    ada, sam = visit("ada"), visit("sam")
    make_room(server, "lobby")
    join(ada, "lobby", server.url)
    ada.get_by_test_id("class-menu").click()
    ada.get_by_test_id("menu-room").click()
    ada.get_by_test_id("setting-lobby").click()
    expect(ada.get_by_test_id("setting-lobby")).to_have_attribute("aria-checked", "true")

    knock(sam, server, "lobby")
    expect(sam.get_by_test_id("outcome")).to_have_attribute("data-phase", "waiting")
    assert_fits_a_phone(sam)
    ada.get_by_test_id("toast").get_by_role("button", name="Show").click()
    ada.get_by_test_id("lobby").get_by_test_id("deny").click()
    expect(sam.get_by_test_id("outcome")).to_have_attribute("data-phase", "denied")
    sam.get_by_test_id("join-again").click()
    sam.get_by_test_id("join-class").click()
    ada.get_by_test_id("lobby").get_by_test_id("admit").click()
    expect(sam.get_by_test_id("class")).to_be_visible()
    poll(sam, f"{frames(sam, 'Ada Lovelace')} > 5")

    row_of(ada, "Sam Okafor").get_by_test_id("person-more").click()
    ada.get_by_test_id("remove").click()
    ada.get_by_test_id("ban").click()
    ada.get_by_test_id("confirm-remove").click()
    expect(sam.get_by_test_id("outcome")).to_have_attribute("data-phase", "removed")
    expect(sam.get_by_test_id("join-again")).to_be_hidden()
    knock(sam, server, "lobby")
    expect(sam.get_by_test_id("outcome")).to_have_attribute("data-phase", "failed")
    ada.get_by_test_id("class-menu").click()
    ada.get_by_test_id("menu-room").click()
    ada.get_by_role("button", name="Lift the ban").click()
    expect(ada.get_by_role("button", name="Lift the ban")).to_be_hidden()
    ada.get_by_test_id("setting-lobby").click()
    expect(ada.get_by_test_id("setting-lobby")).to_have_attribute("aria-checked", "false")
    join(sam, "lobby", server.url)

    ada.get_by_test_id("leave-class").click()
    ada.get_by_test_id("end-for-all").click()
    for page in (ada, sam):
        expect(page.get_by_test_id("outcome")).to_have_attribute("data-phase", "ended")


def knock(page: Page, server: Running, slug: str) -> None:
    """Goes to the door and asks to come in."""
    page.goto(f"{server.url}/rooms/{slug}/class")
    page.get_by_test_id("join-class").click()


def test_breakout_rooms_part_and_bring_together(class_of_two: tuple[Page, Page, str]) -> None:
    ada, sam, _ = class_of_two
    expect(tile_of(sam, "Ada Lovelace")).to_have_attribute("data-picture", "true")
    ada.get_by_test_id("panel-breakouts").click()
    ada.get_by_test_id("breakout-count").fill("1")
    assert_fits_a_phone(ada)
    ada.get_by_test_id("open-breakouts").click()
    expect(sam.get_by_test_id("own-group")).to_have_text("Group 1")
    expect(sam.get_by_test_id("time-left")).to_be_visible()
    expect(tile_of(sam, "Ada Lovelace")).to_be_hidden()
    expect(tile_of(ada, "Sam Okafor")).to_be_hidden()
    ada.get_by_test_id("broadcast-text").fill("Two minutes more.")
    ada.get_by_test_id("broadcast-send").click()
    expect(sam.get_by_test_id("broadcast")).to_contain_text("Two minutes more.")
    ada.get_by_test_id("join-Group 1").click()
    poll(sam, f"{frames(sam, 'Ada Lovelace')} > 5")
    ada.get_by_test_id("close-breakouts").click()
    expect(sam.get_by_test_id("own-group")).to_be_hidden()
    poll(ada, f"{frames(ada, 'Sam Okafor')} > 5")


def test_who_leaves_is_gone_and_can_come_back(class_of_two: tuple[Page, Page, str]) -> None:
    ada, sam, _ = class_of_two
    sam.get_by_test_id("leave-class").click()
    expect(sam.get_by_test_id("outcome")).to_have_attribute("data-phase", "left")
    expect(tile_of(ada, "Sam Okafor")).to_be_hidden()
    sam.get_by_test_id("join-again").click()
    sam.get_by_test_id("join-class").click()
    expect(tile_of(ada, "Sam Okafor")).to_have_attribute("data-picture", "true")


def test_who_has_no_camera_and_no_microphone_watches_and_listens(server: Running, visit: Visit) -> None:
    ada, sam = visit("ada"), visit("sam", devices=False)
    make_room(server, "no-camera")
    join(ada, "no-camera", server.url)
    sam.goto(f"{server.url}/rooms/no-camera/class")
    expect(sam.get_by_test_id("device-problem")).to_contain_text("blocked")
    assert_fits_a_phone(sam)
    sam.get_by_test_id("join-class").click()
    poll(sam, f"{frames(sam, 'Ada Lovelace')} > 5")
    expect(tile_of(ada, "Sam Okafor")).to_have_attribute("data-muted", "true")
    sam.get_by_test_id("toggle-microphone").click()
    expect(sam.get_by_test_id("toast")).to_contain_text("blocked")


def test_a_guest_s_link_leads_into_the_class_and_leaves_the_address(server: Running, visit: Visit) -> None:
    ada, guest = visit("ada"), visit()
    make_room(server, "guests")
    join(ada, "guests", server.url)
    ada.get_by_test_id("panel-people").click()
    ada.get_by_test_id("invite").click()
    expect(ada.get_by_test_id("toast")).to_be_visible()
    link = ada.evaluate("navigator.clipboard.readText()")
    assert "#guest=" in link
    guest.goto(link)
    guest.get_by_test_id("guest-name").fill(LONG_NAME)
    assert_fits_a_phone(guest)
    assert guest.evaluate("location.href") == f"{server.url}/rooms/guests/class"
    guest.get_by_test_id("join-class").click()
    expect(tile_of(ada, LONG_NAME)).to_have_attribute("data-picture", "true")
    expect(row_of(ada, LONG_NAME).get_by_test_id("person-more")).to_be_in_viewport(ratio=1)
    expect(guest.get_by_test_id("record")).to_be_hidden()
    guest.reload()
    expect(guest.get_by_test_id("join-class")).to_be_visible()
