"""Browsers of people who come to one class after the other and need not sign in for each."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext

from tests.e2e.classes.class_pages import WIDE

Who = tuple[Browser, str, str | None]
"""In which Chromium, at which server, with which account."""


class Guests:
    """Who comes again has the pages' scripts already, and nothing else of what was before."""

    def __init__(self, kept: list[BrowserContext]) -> None:
        self._kept = kept
        self._free: list[tuple[Who, BrowserContext]] = []
        self._taken: list[tuple[Who, BrowserContext]] = []

    def take(self, browser: Browser, server: str, name: str | None) -> BrowserContext:
        """One that nobody else has; that of an account may have been there before.

        Nothing moves in it by itself: one dot that breathes has the whole page drawn sixty times a second.
        """
        who = (browser, server, name)
        found = next((one for one in self._free if name is not None and one[0] == who), None)
        if found is not None:
            self._free.remove(found)
            self._taken.append(found)
            return found[1]
        context = browser.new_context(
            viewport=WIDE,  # type: ignore[arg-type]
            bypass_csp=True,
            reduced_motion="reduce",
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        self._kept.append(context)
        self._taken.append((who, context))
        return context

    def leave(self) -> None:
        """Of those with an account the pages end, and all that pages remember; of the others everything."""
        for who, context in self._taken:
            if who[2] is None:
                self._kept.remove(context)
                context.close()
                continue
            for page in context.pages:
                if page.url.startswith("http://localhost"):
                    page.evaluate("localStorage.clear()")
                page.close()
            self._free.append((who, context))
        self._taken.clear()
