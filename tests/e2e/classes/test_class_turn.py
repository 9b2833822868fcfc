"""A class through a relay, coturn, with credentials that we made: by choice, or where all else is blocked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.coturn import SECRET, Coturn, running_coturn
from tests.e2e.classes.blocked_network import (
    KEEP_PEERS,
    RELAY_PORTS,
    WAYS,
    Network,
    assert_pictures,
    make_network,
)
from tests.e2e.classes.class_pages import Visit, join, make_room
from tests.server_process import Running

ONLY_RELAYS = """
window.peers = [];
const Native = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Native {
  constructor(configuration) {
    super({...configuration, iceTransportPolicy: "relay"});
    window.peers.push(this);
  }
};
"""


@pytest.fixture(scope="module")
def network() -> Network:
    return make_network()


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory, network: Network) -> Iterator[Coturn]:
    to_us_alone = ["--denied-peer-ip=0.0.0.0-255.255.255.255", f"--allowed-peer-ip={network.address}"]
    ports = [f"--min-port={RELAY_PORTS[0]}", f"--max-port={RELAY_PORTS[1]}"]
    folder = tmp_path_factory.mktemp("coturn")
    with running_coturn(folder, [network.address], [*to_us_alone, *ports]) as running:
        yield running


@pytest.fixture(scope="module")
def settings(coturn: Coturn, network: Network) -> dict[str, str]:
    return {
        "VTP_MEDIA__HOST": network.address,
        "VTP_MEDIA__UDP_PORT": str(network.port),
        "VTP_MEDIA__TURN_URLS": f"{coturn.turn}?transport=udp,{coturn.turn}?transport=tcp",
        "VTP_MEDIA__TURN_SECRET": SECRET,
    }


@pytest.mark.drawn(1)
@pytest.mark.parametrize("is_walled", [False, True], ids=["by choice", "only TCP to the relay is open"])
def test_two_see_each_other_through_the_relay_alone(
    server: Running, visit: Visit, network: Network, coturn: Coturn, is_walled: bool
) -> None:
    if is_walled:
        with network.blocked("udp", "tcp", ports=[coturn.port]):
            assert set(ways_of_a_class(server, visit, "walled", KEEP_PEERS)) == {"relay tcp"}
    else:
        assert set(ways_of_a_class(server, visit, "relayed", ONLY_RELAYS)) <= {"relay udp", "relay tcp"}
    assert SECRET not in server.errors.read_text()


def ways_of_a_class(server: Running, visit: Visit, room: str, script: str) -> list[str]:
    """Two see each other; which way each of their transports took."""
    pages = (visit("ada"), visit("sam"))
    make_room(server, room)
    for page in pages:
        page.add_init_script(script)
        join(page, room, server.url)
    ways: list[str] = []
    for page, other in zip(pages, ("Sam Okafor", "Ada Lovelace"), strict=True):
        assert_pictures(page, other)
        ways += page.evaluate(WAYS)
    assert len(ways) == 4
    return ways
