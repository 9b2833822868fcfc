"""Browsers of people who come to one class after the other and need not sign in for each."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.classes.class_pages import WIDE, sign_in

Who = tuple[Browser, str, str | None]
"""In which Chromium, at which server, with which account."""


class Guests:
    """Signing in costs a page, its scripts and a hash; who has done it keeps the cookie, and nothing else."""

    def __init__(self, kept: list[BrowserContext]) -> None:
        self._kept = kept
        self._free: list[tuple[Who, BrowserContext]] = []
        self._taken: list[tuple[Who, BrowserContext]] = []

    def take(self, browser: Browser, server: str, name: str | None) -> tuple[BrowserContext, bool]:
        """One that nobody else has, and whether it was there before, as that of an account may be.

        Nothing moves in it by itself: one dot that breathes has the whole page drawn sixty times a second.
        """
        who = (browser, server, name)
        found = next((one for one in self._free if name is not None and one[0] == who), None)
        if found is not None:
            self._free.remove(found)
            self._taken.append(found)
            return found[1], True
        context = browser.new_context(
            viewport=WIDE,  # type: ignore[arg-type]
            bypass_csp=True,
            reduced_motion="reduce",
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        self._kept.append(context)
        self._taken.append((who, context))
        return context, False

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


def come_again(page: Page, base: str, name: str) -> None:
    """To the list of rooms; one whose session has ended signs in anew."""
    page.goto(f"{base}/")
    rooms = page.get_by_role("heading", name="Rooms", exact=True)
    expect(rooms.or_(page.get_by_test_id("sign-in"))).to_be_visible()
    if not rooms.is_visible():
        sign_in(page, base, name)
