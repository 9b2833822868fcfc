"""Playwright and its Chromium, which outlive the file that uses them first: starting them takes time.

While Playwright runs no other event loop can in its thread: it ends before a file that does not use it.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

_ending = ExitStack()
_playwright: Playwright | None = None
_browsers: dict[tuple[str, ...], Browser] = {}


def running_playwright() -> Playwright:
    """Begun, if it does not run."""
    global _playwright
    if _playwright is None:
        from playwright.sync_api import sync_playwright

        _playwright = _ending.enter_context(sync_playwright())
    return _playwright


def running_browser(program: str, *flags: str) -> Browser:
    """Of these flags there is one; after a crash it is another one."""
    found = _browsers.get(flags)
    if found is None or not found.is_connected():
        found = running_playwright().chromium.launch(executable_path=program, args=flags)
        _ending.callback(found.close)
        _browsers[flags] = found
    return found


def end() -> None:
    """Of all of them."""
    global _playwright
    _playwright = None
    _browsers.clear()
    _ending.close()
