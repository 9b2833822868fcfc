"""Staff see the figures of everybody's connections drawn; a class shows whose connection is not good."""

from __future__ import annotations

import re

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.e2e.classes.class_pages import Visit, join, make_room, row_of, sign_in, tile_of
from tests.e2e.conftest import poll
from tests.server_process import Running


def test_staff_see_what_a_viewer_gets_and_students_do_not(server: Running, visit: Visit) -> None:
    ada, sam = visit("ada"), visit("sam")
    make_room(server, "roads")
    join(ada, "roads", server.url)
    join(sam, "roads", server.url)
    expect(tile_of(sam, "Ada Lovelace")).to_have_attribute("data-picture", "true")
    ada.get_by_test_id("panel-people").click()
    with ada.expect_popup() as opened:
        ada.get_by_test_id("network-link").click()
    network = opened.value
    viewer = network.get_by_test_id("network-person").and_(network.locator("[data-name='Sam Okafor']"))
    expect(viewer).to_have_attribute("data-sent", re.compile(r"^[0-9.]+$"))
    expect(network.get_by_test_id("network-overview")).to_contain_text("connections are good")
    card = network.locator(".network-person", has=viewer)
    expect(card.locator(".strip")).to_contain_text("Ada Lovelace")
    expect(card.locator(".strip")).to_contain_text(re.compile(r"\d+p"))
    poll(
        network,
        "[...document.querySelectorAll('.network-person')].every((card) => "
        "card.querySelectorAll('.chart .line-to[d*=L]').length > 0)",
    )
    slider = card.get_by_role("slider")
    slider.focus()
    network.keyboard.press("ArrowLeft")
    expect(card.get_by_test_id("network-when")).to_have_text("0:02 ago")
    refused = sam.context.new_page()  # of its own, as Chromium complains of the 403
    refused.goto(f"{server.url}/rooms/roads/network")
    expect(refused.get_by_role("heading", name="This page is for staff")).to_be_visible()


def say_that_it_is_poor(page: Page) -> None:
    """Whoever joins on this page is told that their own connection is poor."""

    def met(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def tell(message: str | bytes) -> None:
            me = re.search(r'"participant_id":"([^"]+)"', message) if isinstance(message, str) else None
            if me is not None and isinstance(message, str):
                bad = f'{{"peerId":"{me[1]}","quality":"poor","reason":"loss_sending"}}'
                message = message.replace('"connections":[]', f'"connections":[{bad}]')
            socket.send(message)

        server.on_message(tell)

    page.route_web_socket(re.compile("/socket.io/"), met)


def test_a_poor_connection_is_marked_with_its_reason(server: Running, visit: Visit) -> None:
    ada = visit()
    say_that_it_is_poor(ada)
    sign_in(ada, server.url, "ada")
    make_room(server, "holes")
    join(ada, "holes", server.url)
    words = "Your network loses packets while sending; others may see you freeze."
    mark = tile_of(ada, "Ada Lovelace").get_by_test_id("quality-mark")
    expect(mark).to_have_attribute("data-quality", "poor")
    expect(mark).to_have_attribute("title", words)
    expect(mark).to_have_text(words)
    ada.get_by_test_id("panel-people").click()
    expect(row_of(ada, "Ada Lovelace").get_by_test_id("quality-mark")).to_have_text(words)
