"""The recording of a class that goes on, looked at by its page from an earlier time."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.classes.class_pages import Visit, ask, join, make_room, token_of
from tests.e2e.classes.test_class_voices import wait_for_seconds
from tests.e2e.conftest import poll
from tests.server_process import Running

RATE = "document.querySelector('[data-testid=video]').playbackRate"
TIME = "document.querySelector('[data-testid=video]').currentTime"


def test_the_speed_that_is_chosen_stays_while_the_recording_grows(server: Running, visit: Visit) -> None:
    ada, viewer = visit("ada"), visit("ada")
    make_room(server, "looked-back")
    join(ada, "looked-back", server.url)
    token = token_of(server, "ada")
    room = ask(server, "/api/v1/rooms/looked-back", token=token)
    wish = {"room_id": room["room_id"], "title": "Looked back"}
    recording = ask(server, "/api/v1/recordings/start", token=token, body=wish)["recording_id"]
    wait_for_seconds(server, token, f"/api/v1/recordings/{recording}", 12)
    viewer.goto(f"{server.url}/recordings/{recording}?t=1")
    viewer.get_by_test_id("play").click()
    poll(viewer, f"{TIME} > 1.5")
    for speed in (0.5, 1.5):
        viewer.get_by_test_id("speed").click()
        viewer.get_by_test_id(f"speed-{speed}").click()
        begun_s = viewer.evaluate(TIME)
        poll(viewer, f"{TIME} > {begun_s + 1}")
        assert viewer.evaluate(RATE) == speed
        expect(viewer.get_by_test_id("speed")).to_have_text(f"{speed} ×")
    ask(server, f"/api/v1/recordings/{recording}/stop", token=token, body={})
