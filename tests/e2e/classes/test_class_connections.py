"""Connections of the class page that are lost: while media flows, and in the midst of coming in."""

from __future__ import annotations

import random
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.drawn import seed_of_run
from tests.e2e.classes.class_pages import Visit, frames, join, make_room, tile_of, watch
from tests.e2e.conftest import poll
from tests.e2e.frame_order import assert_in_order, wait_for_numbers
from tests.e2e.relay import Relay
from tests.server_process import Running


def test_a_cut_connection_comes_back_and_media_goes_on(server: Running, visit: Visit) -> None:
    slug = "cut"
    with Relay(urlsplit(server.url).port or 80) as relay:
        ada = visit("ada")
        make_room(server, slug)
        join(ada, slug, server.url)
        base = f"http://localhost:{relay.port}"
        sam = visit("sam")
        join(sam, slug, base)
        watch(sam, "Ada Lovelace")
        wait_for_numbers(sam, 10)
        relay.cut()
        expect(sam.get_by_test_id("class-lost")).to_be_visible()
        seen = len(wait_for_numbers(sam, 10))
        ada.get_by_test_id("toggle-microphone").click()
        wait_for_numbers(sam, seen + 10)
        relay.mend()
        expect(sam.get_by_test_id("class-lost")).to_be_hidden()
        expect(tile_of(sam, "Ada Lovelace")).to_have_attribute("data-muted", "true")
        assert_in_order(wait_for_numbers(sam, seen + 20))


@pytest.mark.parametrize("times", [2, pytest.param(12, marks=pytest.mark.long)])
def test_who_loses_the_connection_in_the_midst_of_coming_in_is_seen_all_the_same(
    server: Running, visit: Visit, times: int
) -> None:
    """Whatever call was on its way, nothing of what mediasoup-client negotiates is left half done."""
    moments = random.Random(seed_of_run())
    with Relay(urlsplit(server.url).port or 80) as relay:
        ada = visit("ada")
        slug = f"midst-{times}"
        make_room(server, slug)
        join(ada, slug, server.url)
        base = f"http://localhost:{relay.port}"
        sam = visit("sam")
        for _ in range(times):
            join(sam, slug, base)
            sam.wait_for_timeout(moments.uniform(0, 400))  # the moment itself is what is drawn
            relay.cut()
            expect(sam.get_by_test_id("class-lost")).to_be_visible()
            relay.mend()
            expect(sam.get_by_test_id("class-lost")).to_be_hidden()
            expect(tile_of(ada, "Sam Okafor")).to_have_attribute("data-picture", "true")
            poll(ada, f"{frames(ada, 'Sam Okafor')} > 5")
            poll(sam, f"{frames(sam, 'Ada Lovelace')} > 5")
            sam.get_by_test_id("leave-class").click()
            expect(tile_of(ada, "Sam Okafor")).to_be_hidden()
