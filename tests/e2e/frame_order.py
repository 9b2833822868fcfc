"""What a page read from the pictures it showed (window.numbers of live.js), and whether it is in order."""

from itertools import pairwise

from playwright.sync_api import Page

from tests.e2e.conftest import CAMERA_FPS, CAMERA_SECONDS
from vtp.bench.lecture_clip import CHROMIUM_FPS

LOOP = CAMERA_SECONDS * CAMERA_FPS
"""Chromium plays the fake camera's file again and again; so many pictures are in it."""
SMOOTH_LOOP = CAMERA_SECONDS * CHROMIUM_FPS
"""In that of `smooth_browser`."""


def wait_for_numbers(page: Page, count: int) -> list[int]:
    """Until the page has read so many different numbers; all of them."""
    read = f"window.numbers.length >= {count} && window.numbers.slice()"  # they begin anew in a new element
    found = page.wait_for_function(read, timeout=90_000, polling=50)
    return [int(number) for number in found.json_value()]


def steps(numbers: list[int], loop: int = LOOP) -> list[int]:
    """Distances from frame to frame, over the loop of the fake camera."""
    return [(after - before) % loop for before, after in pairwise(numbers)]


def assert_in_order(numbers: list[int], loop: int = LOOP) -> None:
    """Never backwards; a browser on a busy machine may skip showing a frame, not many."""
    distances = steps(numbers, loop)
    assert all(0 < step < loop // 2 for step in distances), numbers
    assert sum(distances) < len(distances) * 4, f"too many frames were skipped: {numbers}"


def assert_follows_live(numbers: list[int], loop: int = LOOP) -> None:
    """Never backwards, and in order but for one jump ahead: a player of a live stream that comes late, or
    has waited on a busy machine, goes to where the stream is by then.
    """
    distances = steps(numbers, loop)
    assert all(0 < step < loop // 2 for step in distances), numbers
    others = sorted(distances)[:-1]
    assert sum(others) < len(others) * 4, f"too many frames were skipped: {numbers}"
