"""npm's oidc-provider as a process, and somebody who goes through its pages as a browser would."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import aiohttp

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("provider.mjs")
NODE = ROOT / ".venv" / "bin" / "node"
PACKAGES = ROOT / "web" / "package.json"
CLIENT_SECRET = "a secret: with + and %"


@contextmanager
def real_provider(redirect_uri: str) -> Iterator[str]:
    """Runs a provider that knows the client `vtp`; gives its issuer."""
    command = [str(NODE), str(SCRIPT), str(PACKAGES), redirect_uri]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        issuer = process.stdout.readline().strip()
        assert issuer, "The provider did not start: is web/node_modules installed?"
        try:
            yield issuer
        finally:
            process.stdin.close()  # which is its word to end
            process.wait()


async def go_through(location: str, login: str, *, consent: bool = True) -> str:
    """Signs in on the provider's pages and agrees, or says no; gives where they lead back to."""
    async with known_browser() as browser:
        back, _ = await answer_pages(browser, location, login, consent=consent)
        return back


def known_browser() -> aiohttp.ClientSession:
    """A browser that the provider knows again."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


async def answer_pages(
    browser: aiohttp.ClientSession, location: str, login: str, *, consent: bool = True
) -> tuple[str, list[str]]:
    """The same in such a browser; gives what was asked for, too: `login`, `consent`."""
    page, asked = await _follow(browser, "GET", location, None), []
    while not isinstance(page, str):
        asked.append(page.prompt)
        assert len(asked) <= 2, "the provider asks for more than it should"
        form = {"prompt": page.prompt, "login": login, "password": "any"}
        if page.prompt == "consent" and not consent:
            page = await _follow(browser, "GET", page.abort, None)
        else:
            page = await _follow(browser, "POST", page.submit, form)
    return page, asked


class _Page:
    """A form of the provider's."""

    def __init__(self, url: str, text: str) -> None:
        self.prompt = _found(r'name="prompt" value="(\w+)"', text)
        self.submit = urljoin(url, _found(r'<form[^>]*action="([^"]+)"', text))
        self.abort = urljoin(url, _found(r'href="([^"]+/abort)"', text))


async def _follow(
    browser: aiohttp.ClientSession, method: str, url: str, form: dict[str, str] | None
) -> _Page | str:
    """Follows the provider's redirects to its next form, or out of it."""
    own = re.match(r"https?://[^/]+", url)
    assert own is not None
    while True:
        async with browser.request(method, url, data=form, allow_redirects=False) as response:
            if response.status not in (302, 303):
                text = await response.text()
                assert response.status == 200, text
                return _Page(url, text)
            url = urljoin(url, response.headers["Location"])
        if not url.startswith(own[0]):
            return url
        method, form = "GET", None


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]
