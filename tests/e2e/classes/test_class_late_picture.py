"""A class that begins with sound alone: who follows it sees the camera that goes on later, by itself."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.e2e.classes.class_pages import Visit, ask, join, make_room, sign_in, tile_of, token_of
from tests.e2e.classes.test_class_large import SETTINGS
from tests.e2e.classes.test_class_voices import wait_for_seconds
from tests.e2e.conftest import PAGES, poll
from tests.e2e.frame_order import assert_follows_live, wait_for_numbers
from tests.server_process import Running

VIDEO = "document.querySelector('[data-testid={}]')"


def read_numbers(page: Page, test_id: str) -> None:
    """Reads the numbers of the pictures that the element shows from now on."""
    page.evaluate((PAGES / "live.js").read_text() + "\nundefined;")
    page.evaluate(
        f"() => {{ window.video = {VIDEO.format(test_id)};"
        " window.started = performance.now(); readNumbers(window.video); }"
    )


def speak_without_camera(server: Running, page: Page, slug: str) -> None:
    make_room(server, slug)
    join(page, slug, server.url)
    page.get_by_test_id("toggle-camera").click()
    expect(tile_of(page, "Ada Lovelace")).to_have_attribute("data-picture", "false")


def test_a_camera_that_goes_on_later_is_seen_in_the_stream_by_the_class_and_from_outside(
    server: Running, visit: Visit, browser: Browser
) -> None:
    ada, sam = visit("ada"), visit("sam")
    speak_without_camera(server, ada, "voices-first")
    ada.get_by_test_id("class-menu").click()
    ada.get_by_test_id("menu-room").click()
    for name in SETTINGS:
        ada.get_by_test_id(f"setting-{name}").click()
    size = ada.get_by_test_id("setting-large")
    size.evaluate("(field) => field.add(new Option('1', '1'))")
    size.select_option("1")
    join(sam, "voices-first", server.url)
    expect(sam.get_by_test_id("class-stream")).to_have_attribute("data-moves", "true")
    with browser.new_context(bypass_csp=True) as context:
        mei = context.new_page()
        sign_in(mei, server.url, "mei")
        mei.goto(f"{server.url}/rooms/voices-first/watch?stream")
        expect(mei.get_by_test_id("screen")).to_have_attribute("data-playing", "true")
        for page, test_id in ((sam, "class-stream-video"), (mei, "program")):
            poll(page, f"{VIDEO.format(test_id)}.currentTime > 2")
            assert page.evaluate(f"{VIDEO.format(test_id)}.videoWidth") == 0
        ada.get_by_test_id("toggle-camera").click()
        for page, test_id in ((sam, "class-stream-video"), (mei, "program")):
            poll(page, f"{VIDEO.format(test_id)}.videoWidth > 0", 40)
            read_numbers(page, test_id)
            assert_follows_live(wait_for_numbers(page, 10))
        expect(sam.get_by_test_id("class-stream")).to_have_attribute("data-moves", "true")
        expect(mei.get_by_test_id("screen")).to_have_attribute("data-playing", "true")


def test_a_camera_that_goes_on_later_is_seen_in_the_growing_recording_where_its_viewer_is(
    server: Running, visit: Visit
) -> None:
    ada, viewer = visit("ada"), visit("ada")
    speak_without_camera(server, ada, "voices-recorded")
    token = token_of(server, "ada")
    room = ask(server, "/api/v1/rooms/voices-recorded", token=token)
    wish = {"room_id": room["room_id"], "title": "Voices first"}
    recording = ask(server, "/api/v1/recordings/start", token=token, body=wish)["recording_id"]
    wait_for_seconds(server, token, f"/api/v1/recordings/{recording}", 4)
    viewer.goto(f"{server.url}/recordings/{recording}?t=1")
    viewer.get_by_test_id("play").click()
    video = VIDEO.format("video")
    poll(viewer, f"{video}.currentTime > 2")
    assert viewer.evaluate(f"{video}.videoWidth") == 0
    before_s = viewer.evaluate(f"{video}.currentTime")
    ada.get_by_test_id("toggle-camera").click()
    poll(viewer, f"{video}.videoWidth > 0", 40)
    read_numbers(viewer, "video")
    assert_follows_live(wait_for_numbers(viewer, 10))
    assert viewer.evaluate(f"{video}.currentTime") > before_s
    ask(server, f"/api/v1/recordings/{recording}/stop", token=token, body={})
