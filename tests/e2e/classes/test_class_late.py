"""Somebody of a class whose connection comes back when their place is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.classes.class_pages import ACCOUNTS, PASSWORD, Served, Visit, frames, join, make_room, tile_of
from tests.e2e.conftest import poll
from tests.e2e.relay import Relay
from tests.e2e.school import School, running_school
from tests.serving import Api
from vtp.signalling import resuming

KEPT_S = 4.0
"""So long a place is kept here: everybody waits for that."""


class InThread:
    """A server beside the test, as pages reach it."""

    def __init__(self, school: School) -> None:
        self.url = f"http://localhost:{urlsplit(school.api.base_url).port}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InThread]:
    """One whose places are kept for KEPT_S."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resuming, "RESUME_WITHIN_S", KEPT_S)
        with running_school(tmp_path_factory.mktemp("late") / "data", fill) as school:
            yield InThread(school)


async def fill(loop: asyncio.AbstractEventLoop, api: Api) -> School:
    people = {
        name: await api.person(role, f"{name}@school.example", password=PASSWORD, full_name=full_name)
        for name, (role, full_name) in ACCOUNTS.items()
    }
    return School(loop, api, people["ada"], "")


def test_who_comes_back_too_late_joins_anew_by_itself(server: Served, visit: Visit) -> None:
    with Relay(urlsplit(server.url).port or 80) as relay:
        ada = visit("ada")
        make_room(server, "late")
        join(ada, "late", server.url)
        base = f"http://localhost:{relay.port}"
        sam = visit("sam")
        join(sam, "late", base)
        expect(tile_of(ada, "Sam Okafor")).to_be_visible()
        sam.keyboard.press("m")
        relay.cut()
        expect(tile_of(ada, "Sam Okafor")).to_be_hidden(timeout=60_000)
        relay.mend()
        expect(tile_of(ada, "Sam Okafor")).to_have_attribute("data-picture", "true")
        expect(tile_of(ada, "Sam Okafor")).to_have_attribute("data-muted", "true")
        expect(sam.get_by_test_id("class-lost")).to_be_hidden()
        poll(sam, f"{frames(sam, 'Ada Lovelace')} > 5")
        poll(ada, f"{frames(ada, 'Sam Okafor')} > 5")
