"""A server-side program that speaks only `/sfu` sets up the media of two real pages with mediasoup-client."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import OpenPage, Stack, poll
from tests.e2e.frame_order import assert_in_order, wait_for_numbers
from tests.e2e.sfu_signalling import SignallingServer
from vtp.bench.lecture_sound import TONE_HZ


def make_token(stack: Stack) -> str:
    command = stack.vtp("admin", "token", "--service", "--name", "The school's server")
    out, err = command.communicate(timeout=90)
    assert command.returncode == 0, err
    return out.strip()


def enter(
    open_page: OpenPage, script: str, server: SignallingServer, peer: str, room: str, client: str
) -> Page:
    page = open_page()
    page.expose_function("signal", server.signal_of(peer))
    page.evaluate(script + "\nundefined;")
    page.evaluate("(options) => ortc.start(options)", {"room": room, "client": client, "style": "bridge"})
    return page


@pytest.mark.drawn(1)
@pytest.mark.parametrize(("client", "in_path"), [("newest", False), ("2024", True)])
def test_two_pages_see_and_hear_each_other_by_a_program_that_speaks_only_sfu(
    stack: Stack, open_page: OpenPage, script: str, client: str, in_path: bool
) -> None:
    room = f"sfu-{client}"
    with SignallingServer(stack.base, make_token(stack), room, token_in_path=in_path) as server:
        pages = {peer: enter(open_page, script, server, peer, room, client) for peer in ("ada", "grace")}
        for page in pages.values():
            page.evaluate("ortc.produce('H264')")
        people = {one["peerId"]: one for one in server.get("")["peers"]}
        for peer, page in pages.items():
            (other,) = set(pages) - {peer}
            page.evaluate("(all) => ortc.announced.push(...all)", people[other]["producers"])
            ids = page.evaluate("ortc.consume()")
            assert len(ids) == 2, "a picture and a sound"
            page.evaluate("(ids) => ortc.show(ids)", ids)
        for page in pages.values():
            assert_in_order(wait_for_numbers(page, 20))
            heard = page.evaluate(f"listen({TONE_HZ}, 10)")
            assert heard["share"] > 0.5, heard
        check_stats(server, pages["ada"])
        check_pause_and_restart(server, pages["ada"], pages["grace"])
        pages["ada"].evaluate("ortc.leave()")
        assert [one["peerId"] for one in server.get("")["peers"]] == ["grace"]
        pages["grace"].evaluate("ortc.leave()")


def check_stats(server: SignallingServer, page: Page) -> None:
    """What was counted of one page's own media, once it has sent and seen some of it."""
    poll(page, "ortc.received().then((all) => Object.values(all).some((one) => one.frames > 60))")
    transport, *others = server.get(f"/transports/{page.evaluate('ortc.sending.id')}/stats")
    assert transport["iceState"] in ("connected", "completed") and transport["dtlsState"] == "connected"
    assert transport["iceSelectedTuple"]["remotePort"] and transport["bytesReceived"] > 20_000
    assert transport["iceSelectedTuple"]["protocol"] == "udp"
    assert "candidate-pair" in [one["type"] for one in others]
    (picture,) = server.get(f"/producers/{page.evaluate('ortc.producers.get(`video`).id')}/stats")
    assert picture["width"] * 9 == picture["height"] * 16 and picture["keyFrameCount"] >= 1, picture
    watched = page.evaluate("[...ortc.consumers.values()].find((one) => one.kind === 'video').id")
    sent, *_, received = server.get(f"/consumers/{watched}/stats")
    assert sent["packetCount"] > 50 and received["packetCount"] >= sent["packetCount"], (sent, received)


def check_pause_and_restart(server: SignallingServer, sender: Page, viewer: Page) -> None:
    """Pausing shows at the viewer; ICE restarts without an end of the picture."""
    camera = sender.evaluate("ortc.producers.get('video').id")
    frames = f"ortc.received().then((all) => all['{camera}'].frames)"
    sender.evaluate("ortc.pause('video', true)")
    standing = -1
    for _ in range(20):
        before, standing = standing, viewer.evaluate(frames)
        if before == standing:
            break
        viewer.wait_for_timeout(500)
    assert before == standing, "never stands still"
    sender.evaluate("ortc.pause('video', false)")
    sender.evaluate("ortc.restartIce()")
    poll(viewer, f"{frames}.then((now) => now > {standing + 10})")
