"""A class in a network that blocks UDP: it goes on over TCP, also when that begins in the middle of it."""

from __future__ import annotations

import pytest

from tests.e2e.classes.blocked_network import KEEP_PEERS, WAYS, Network, assert_pictures, make_network
from tests.e2e.classes.class_pages import Visit, join, make_room
from tests.e2e.conftest import poll
from tests.server_process import Running


@pytest.fixture(scope="module")
def network() -> Network:
    return make_network()


@pytest.fixture(scope="module")
def settings(network: Network) -> dict[str, str]:
    return {"VTP_MEDIA__HOST": network.address, "VTP_MEDIA__UDP_PORT": str(network.port)}


def test_two_meet_where_udp_is_blocked(server: Running, visit: Visit, network: Network) -> None:
    pages = (visit("ada"), visit("sam"))
    make_room(server, "blocked")
    with network.blocked("udp"):
        for page in pages:
            page.add_init_script(KEEP_PEERS)
            join(page, "blocked", server.url)
        for page, other in zip(pages, ("Sam Okafor", "Ada Lovelace"), strict=True):
            assert_pictures(page, other)
            assert page.evaluate(WAYS) == ["tcp", "tcp"]


def test_class_goes_on_when_udp_is_blocked_in_the_middle_of_it(
    server: Running, visit: Visit, network: Network
) -> None:
    pages = (visit("ada"), visit("sam"))
    make_room(server, "sudden")
    for page in pages:
        page.add_init_script(KEEP_PEERS)
        join(page, "sudden", server.url)
    people = list(zip(pages, ("Sam Okafor", "Ada Lovelace"), strict=True))
    for page, other in people:
        assert_pictures(page, other)
        poll(page, every_way_is("udp"))  # on a busy machine TCP may answer first, and is left for UDP
    with network.blocked("udp"):
        for page, _ in people:
            poll(page, every_way_is("tcp"))
        for page, other in people:
            assert_pictures(page, other)


def every_way_is(kind: str) -> str:
    """The expression that tells it of a page's connections."""
    return f"({WAYS})().then((ways) => ways.length > 0 && ways.every((way) => way === '{kind}'))"
