"""The WebSocket of a page is cut in Chromium: it comes back to its place, and media goes on meanwhile."""

from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import PAGES, OpenPage, Stack, bundle, poll
from tests.e2e.frame_order import assert_in_order, wait_for_numbers
from tests.e2e.relay import Relay
from tests.e2e.test_socketio_mediasoup import enter


@pytest.fixture(scope="session")
def resume_script() -> str:
    return bundle("resume_page")


@pytest.fixture
def relay(stack: Stack) -> Iterator[Relay]:
    with Relay(urlsplit(stack.base).port or 80) as running:
        yield running


def watch_by(relay: Relay, open_page: OpenPage, script: str, room: str) -> Page:
    """A page that came by the relay and watches what is sent in the room."""
    page = open_page()
    page.goto(f"http://localhost:{relay.port}/health")
    page.evaluate((PAGES / "live.js").read_text() + "\nundefined;")
    page.evaluate(script + "\nundefined;")
    page.evaluate("(room) => resuming.start(room)", room)
    page.evaluate("resuming.watch()")
    return page


BY_THEMSELVES = ["bandwidth", "audio-levels", "active-speaker", "connection-quality"]
"""Pushes that come when they come, whatever a test does."""


def count_heard(condition: str) -> str:
    """What holds of how many pushes were heard that did not come by themselves."""
    return f"resuming.heard.filter((one) => !{BY_THEMSELVES}.includes(one.event)).length {condition}"


def heard(page: Page) -> list[str]:
    """The events that it was told, whose numbers are without gap and double; but those of no test."""
    pushes = page.evaluate("resuming.heard")
    assert [one["seq"] for one in pushes] == list(range(1, len(pushes) + 1)), pushes
    return [one["event"] for one in pushes if one["event"] not in BY_THEMSELVES]


def test_a_watcher_whose_socket_is_cut_misses_neither_pictures_nor_pushes(
    stack: Stack, open_page: OpenPage, script: str, resume_script: str, relay: Relay
) -> None:
    room = "resume-cut"
    teacher = enter(open_page, script, room)
    teacher.evaluate("ortc.produce('VP8')")
    watcher = watch_by(relay, open_page, resume_script, room)
    wait_for_numbers(watcher, 10)
    assert heard(watcher) == []

    teacher.evaluate("ortc.pause('audio', true)")
    poll(watcher, count_heard("=== 1"))
    relay.hold()
    teacher.evaluate("ortc.pause('audio', false)")  # on its way when the connection goes
    teacher.evaluate("ortc.share()")
    relay.cut()
    poll(watcher, "resuming.signalling.phase === 'lost'")
    teacher.evaluate("ortc.closeProducer('screen')")
    teacher.evaluate("ortc.pause('audio', true)")
    before = len(wait_for_numbers(watcher, 10))
    wait_for_numbers(watcher, before + 20)
    assert watcher.evaluate("resuming.signalling.phase") == "lost", (
        "two seconds of pictures without a connection"
    )
    assert heard(watcher) == ["producer-paused"]

    relay.mend()
    poll(watcher, "resuming.signalling.phase === 'in'")
    teacher.evaluate("ortc.pause('audio', false)")
    poll(watcher, count_heard(">= 6"))
    assert heard(watcher) == [
        "producer-paused",
        "producer-resumed",
        "new-producer",
        "producer-closed",
        "producer-paused",
        "producer-resumed",
    ]
    assert watcher.evaluate("resuming.phases") == ["in", "lost", "in"]
    assert watcher.evaluate("resuming.snapshots") == [None]
    numbers = wait_for_numbers(watcher, before + 30)
    assert_in_order(numbers)
    assert not any(after == earlier for earlier, after in pairwise(numbers))

    people = watcher.evaluate("resuming.signalling.call('get-participants')")
    assert people["count"] == 2
    told = teacher.evaluate("ortc.pushed.map(([event]) => event)")
    people_told = [event for event in told if event.startswith("participant-")]
    assert people_told == ["participant-joined"], "nobody else notices that a connection was lost"


def test_it_comes_back_as_often_as_it_is_cut(
    stack: Stack, open_page: OpenPage, script: str, resume_script: str, relay: Relay
) -> None:
    room = "resume-often"
    teacher = enter(open_page, script, room)
    teacher.evaluate("ortc.produce('VP8')")
    watcher = watch_by(relay, open_page, resume_script, room)
    wait_for_numbers(watcher, 10)
    for turn in range(3):
        teacher.evaluate(f"ortc.pause('audio', {str(turn % 2 == 0).lower()})")
        relay.cut()
        poll(watcher, "resuming.signalling.phase === 'lost'")
        relay.mend()
        poll(watcher, "resuming.signalling.phase === 'in'")
    poll(watcher, count_heard("=== 3"))
    assert heard(watcher) == ["producer-paused", "producer-resumed", "producer-paused"]
    assert watcher.evaluate("resuming.phases") == ["in", *["lost", "in"] * 3]
    assert_in_order(wait_for_numbers(watcher, len(wait_for_numbers(watcher, 10)) + 10))
