"""A school with accounts, and pages for whoever visits its classes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.classes.class_pages import Visit, create_accounts, join, make_room, sign_in
from tests.e2e.classes.guests import Guests
from tests.server_process import Running, running_server

EXPECTED = re.compile(
    r"Failed to load resource: the server responded with a status of (401|503)"
    r"|.*net::ERR_(CONNECTION_RESET|CONNECTION_REFUSED|SOCKET_NOT_CONNECTED|EMPTY_RESPONSE)"
    r"|WebSocket connection to .* failed: Connection closed before receiving a handshake response"
)
"""Chromium's own lines for an answer of "not signed in" or "not yet", and for a connection that was cut."""


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Those of the school's server; a file of tests may have others."""
    return {}


@pytest.fixture(scope="session")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A school's folder with its people, to be copied."""
    data_dir = tmp_path_factory.mktemp("accounts") / "data"
    create_accounts(data_dir)
    return data_dir


@pytest.fixture(scope="session")
def school(accounts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """For all files whose server needs no settings; each has rooms of its own."""
    data_dir = shutil.copytree(accounts, tmp_path_factory.mktemp("school") / "data")
    with running_server(data_dir) as running:
        yield running


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest,
    accounts: Path,
    settings: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Running]:
    """A school with the people of ACCOUNTS."""
    if not settings:
        yield request.getfixturevalue("school")
        return
    data_dir = shutil.copytree(accounts, tmp_path_factory.mktemp("school") / "data")
    with running_server(data_dir, settings=settings) as running:
        yield running


@pytest.fixture(scope="session")
def guests(kept_contexts: list[BrowserContext]) -> Guests:
    return Guests(kept_contexts)


@pytest.fixture
def visit(server: Running, browser: Browser, guests: Guests) -> Iterator[Visit]:
    """An empty page for somebody who is signed in, or for nobody. Nothing may be wrong in its console."""
    complaints: list[str] = []

    def visited(name: str | None = None, *, devices: bool = True) -> Page:
        page = guests.take(browser, server.url, name).new_page()
        if not devices:
            page.add_init_script(
                "navigator.mediaDevices.getUserMedia = async () => "
                "{ throw new DOMException('no', 'NotAllowedError'); };"
            )
        page.set_default_timeout(15_000)
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if name is not None:
            sign_in(page, server.url, name)
        return page

    yield visited
    guests.leave()
    assert [line for line in complaints if not EXPECTED.match(line)] == []


@pytest.fixture
def class_of_two(server: Running, visit: Visit, request: pytest.FixtureRequest) -> tuple[Page, Page, str]:
    """Ada's class with Sam in it; the room is named after the test."""
    slug = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))[:40].strip("-")
    ada, sam = visit("ada"), visit("sam")
    make_room(server, slug)
    join(ada, slug, server.url)
    join(sam, slug, server.url)
    return ada, sam, slug
