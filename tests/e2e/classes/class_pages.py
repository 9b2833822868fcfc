"""What people do on the page of a class, and what can be seen there."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import PAGES
from tests.fresh_database import begin_fresh
from tests.server_process import ROOT, command, environment

PASSWORD = "three quiet green lamps"
ACCOUNTS = {
    "ada": ("teacher", "Ada Lovelace"),
    "sam": ("student", "Sam Okafor"),
    "mei": ("student", "Mei Lin"),
}
NARROW = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 800}

Visit = Callable[..., Page]


class Served(Protocol):
    """A server with these accounts."""

    @property
    def url(self) -> str:
        """Where it is reached."""


def create_accounts(data_dir: Path) -> None:
    """A school's people, with one password for all."""
    begin_fresh(data_dir)
    for name, (role, full_name) in ACCOUNTS.items():
        words = ["--email", f"{name}@school.example", "--role", role, "--name", full_name]
        subprocess.run(
            command("admin", "create-user", *words, "--password-stdin"),
            cwd=ROOT,
            env=environment(data_dir, {}),
            input=PASSWORD,
            text=True,
            check=True,
            capture_output=True,
        )


def ask(server: Served, path: str, *, token: str = "", body: object = None) -> Any:
    """A call of the server's; POST if there is a body."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(server.url + path, data, headers)) as answer:
        return json.loads(answer.read())


def token_of(server: Served, name: str) -> str:
    """An access token of somebody's."""
    words = {"email": f"{name}@school.example", "password": PASSWORD}
    return str(ask(server, "/api/v1/auth/login", body=words)["access_token"])


def sign_in(page: Page, base: str, name: str) -> None:
    """Leaves the cookie that the sign-in page does; the page stays where it is."""
    words = {"email": f"{name}@school.example", "password": PASSWORD, "cookie": True}
    answer = page.context.request.post(f"{base}/api/v1/auth/login", data=words, headers={"Origin": base})
    assert answer.ok, answer.text()


def make_room(server: Served, slug: str) -> None:
    """One of Ada's, as by the page of rooms, which would lead to its studio."""
    wish = {"room_name": slug.title(), "room_id": slug}
    ask(server, "/api/v1/signalling/room/create", token=token_of(server, "ada"), body=wish)


def join(page: Page, slug: str, base: str) -> None:
    page.goto(f"{base}/rooms/{slug}/class")
    expect(page.get_by_test_id("join-class")).to_be_enabled()
    page.get_by_test_id("join-class").click()
    expect(page.get_by_test_id("class")).to_be_visible()


def tile_of(page: Page, name: str, kind: str = "person") -> Locator:
    return page.locator(f".tile[data-name='{name}'][data-kind={kind}]")


def watch(page: Page, name: str, kind: str = "person") -> None:
    """Reads the numbers of the pictures in somebody's tile from now on, in whichever element shows them."""
    expect(tile_of(page, name, kind)).to_have_attribute("data-picture", "true")
    page.evaluate((PAGES / "live.js").read_text() + "\nundefined;")
    page.evaluate(
        f"""() => {{
        const follow = () => {{
            const video = document.querySelector(".tile[data-name='{name}'][data-kind={kind}] video");
            if (video === null || video === window.followed) return;
            window.followed = window.video = video;
            window.started = performance.now();
            readNumbers(video);
        }};
        clearInterval(window.following);
        window.followed = null;
        window.numbers = [];
        window.following = setInterval(follow, 50);
        follow();
    }}"""
    )


def frames(page: Page, name: str, kind: str = "person") -> str:
    query = f".tile[data-name='{name}'][data-kind={kind}] video"
    return f'document.querySelector("{query}")?.getVideoPlaybackQuality().totalVideoFrames'


def row_of(page: Page, name: str) -> Locator:
    return page.get_by_test_id("class-people").locator(f"[data-name='{name}']")


def assert_fits_a_phone(page: Page) -> None:
    """Nothing sticks out to the side of a window 360 px wide."""
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    try:
        wide = page.evaluate(
            """() => [...document.querySelectorAll('.class *, .door *, .outcome *')]
            .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
            .map((element) => `${element.tagName}.${element.className}`)"""
        )
        assert wide == [], (page.url, wide)
    finally:
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]


def write(page: Page, text: str) -> None:
    """A message to all, in the chat that is opened for it."""
    page.get_by_test_id("panel-chat").click()
    page.get_by_test_id("chat-text").fill(text)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("chat-line").last).to_contain_text(text)
