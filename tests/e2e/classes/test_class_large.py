"""A large class by its page: who comes late and only watches sees the live stream, and takes part."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.e2e.classes.class_pages import (
    Visit,
    ask,
    assert_fits_a_phone,
    join,
    make_room,
    sign_in,
    tile_of,
    token_of,
    write,
)
from tests.e2e.conftest import PAGES, poll
from tests.e2e.frame_order import assert_follows_live, wait_for_numbers
from tests.server_process import Running

SOURCE = """performance.getEntriesByType("resource").map((one) => one.name)
    .findLast((name) => name.endsWith(".m4s")).split("/").at(-3)"""
"""Where the last file of the stream came from."""
SETTINGS = ("speak", "camera", "share")


def test_who_comes_late_follows_the_stream_with_chat_and_hands_until_they_may_speak(
    server: Running, visit: Visit, browser: Browser
) -> None:
    ada, sam = visit("ada"), visit("sam")
    make_room(server, "large")
    join(ada, "large", server.url)
    ada.get_by_test_id("class-menu").click()
    ada.get_by_test_id("menu-room").click()
    for name in SETTINGS:
        ada.get_by_test_id(f"setting-{name}").click()
    size = ada.get_by_test_id("setting-large")
    size.evaluate("(field) => field.add(new Option('1', '1'))")
    size.select_option("1")
    join(sam, "large", server.url)
    expect(sam.get_by_test_id("class-stream")).to_have_attribute("data-moves", "true")
    sam.evaluate((PAGES / "live.js").read_text() + "\nundefined;")
    sam.evaluate(
        "() => { window.video = document.querySelector('[data-testid=class-stream-video]');"
        " window.started = performance.now(); readNumbers(window.video); }"
    )
    assert_follows_live(wait_for_numbers(sam, 10))
    assert sam.evaluate("document.querySelectorAll('audio.sound, .tile').length") == 0
    assert_fits_a_phone(sam)
    window = sam.evaluate(SOURCE)
    ada.get_by_test_id("record").click()  # from now on the stream is another one
    expect(sam.get_by_test_id("recording-state")).to_be_visible()
    poll(sam, f"{SOURCE} !== {window!r}")
    expect(sam.get_by_test_id("class-stream")).to_have_attribute("data-moves", "true")
    with browser.new_context() as context:  # and so does who has no seat, by the page to watch
        mei = context.new_page()
        sign_in(mei, server.url, "mei")
        mei.goto(f"{server.url}/rooms/large/watch")
        screen = mei.get_by_test_id("screen")
        expect(screen).to_have_attribute("data-large", "true")
        expect(screen).to_have_attribute("data-playing", "true")
        expect(mei.get_by_test_id("watch-problem")).to_have_count(0)
    write(sam, "I can see it.")
    ada.get_by_test_id("panel-chat").click()
    expect(ada.get_by_test_id("chat-line").last).to_contain_text("I can see it.")
    sam.get_by_test_id("toggle-hand").click()
    expect(tile_of(ada, "Sam Okafor").get_by_test_id("tile-hand")).to_contain_text("1")
    ada.get_by_test_id("class-menu").click()
    ada.get_by_test_id("menu-room").click()
    ada.get_by_test_id("setting-speak").click()
    expect(tile_of(sam, "Ada Lovelace")).to_have_attribute("data-picture", "true")
    poll(sam, "document.querySelectorAll('audio.sound').length === 1")
    expect(sam.get_by_test_id("class-stream")).to_have_count(0)


def test_staff_stream_the_class_to_many_and_see_who_watches(
    server: Running, visit: Visit, browser: Browser
) -> None:
    ada, sam = visit("ada"), visit("sam")
    make_room(server, "lecture")
    join(ada, "lecture", server.url)
    ada.get_by_test_id("class-menu").click()
    ada.get_by_test_id("menu-room").click()
    ada.get_by_test_id("stream-limit").select_option("50")
    ada.get_by_test_id("stream-start").click()
    expect(ada.get_by_test_id("stream-state")).to_be_visible()
    expect(ada.get_by_test_id("stream-limit")).to_have_value("50")
    link = ada.get_by_test_id("stream-link").input_value()
    assert link == f"{server.url}/rooms/lecture/watch?stream"
    assert_fits_a_phone(ada)
    with browser.new_context() as context:
        mei = context.new_page()
        sign_in(mei, server.url, "mei")
        mei.goto(link)
        screen = mei.get_by_test_id("screen")
        expect(screen).to_have_attribute("data-playing", "true")
        expect(screen).to_have_attribute("data-large", "true")
        expect(ada.get_by_test_id("stream-viewers")).to_contain_text("1 viewer now, at most 1")
        join(sam, "lecture", server.url)
        sam.get_by_test_id("class-menu").click()
        expect(sam.get_by_role("menu")).to_be_visible()
        expect(sam.get_by_test_id("menu-room")).to_have_count(0)
        ada.get_by_test_id("stream-stop").click()
        expect(ada.get_by_test_id("stream-start")).to_be_visible()
        expect(mei.get_by_test_id("stream-missing")).to_contain_text("There is no live stream")


def test_who_finds_the_stream_full_is_told_so_and_sees_it_once_there_is_a_place(
    server: Running, visit: Visit, browser: Browser
) -> None:
    ada = visit("ada")
    make_room(server, "full")
    join(ada, "full", server.url)
    token = token_of(server, "ada")
    room = ask(server, "/api/v1/rooms/full", token=token)
    wish = {"room_id": room["room_id"], "max_viewers": 1}
    stream = ask(server, "/api/v1/streams/start", token=token, body=wish)["stream_id"]
    with browser.new_context() as first, browser.new_context() as second:
        mei, sam = first.new_page(), second.new_page()
        for name, page in (("mei", mei), ("sam", sam)):
            sign_in(page, server.url, name)
        mei.goto(f"{server.url}/rooms/full/watch?stream")
        expect(mei.get_by_test_id("screen")).to_have_attribute("data-playing", "true")
        sam.goto(f"{server.url}/rooms/full/watch?stream")
        expect(sam.get_by_test_id("stream-refused")).to_contain_text("1 viewer, as many as it may have")
        limit = sam.context.request.patch(
            f"{server.url}/api/v1/streams/{stream}",
            data={"max_viewers": 2},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert limit.ok, limit.text()
        expect(sam.get_by_test_id("screen")).to_have_attribute("data-playing", "true")
        expect(sam.get_by_test_id("stream-refused")).to_have_count(0)
