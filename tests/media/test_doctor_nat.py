"""`vtp doctor` behind a router with real NAT, seen from both sides, and behind a real firewall."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.coturn import Coturn, running_coturn
from tests.media.test_doctor_command import doctor, findings
from tests.nat_network import HOME, INTERNET, OUTER, NatNetwork, nat_network
from tests.server_process import running_server

STUN = "How the internet sees this machine"
PORT = 40000
SETTINGS = {
    "VTP_HTTP__HOST": "0.0.0.0",
    "VTP_HTTP__TLS_PORT": "8443",
    "VTP_HTTP__PUBLIC_URL": f"https://{HOME}:8443",
    "VTP_MEDIA__UDP_PORT": str(PORT),
}
ANNOUNCED = SETTINGS | {"VTP_MEDIA__ANNOUNCED_ADDRESSES": f"{OUTER},{HOME}"}


@pytest.fixture(scope="module")
def network() -> Iterator[NatNetwork]:
    with nat_network() as built:
        yield built


@pytest.fixture(scope="module")
def coturn(network: NatNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    with network.at(network.internet):
        started = running_coturn(tmp_path_factory.mktemp("coturn"), INTERNET)
        running = started.__enter__()
    yield running
    started.__exit__(None, None, None)


def at_home(
    network: NatNetwork, folder: Path, coturn: Coturn, settings: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """What it finds beside a server at home."""
    with network.at(network.home), running_server(folder / "data", settings=settings):
        return findings(doctor(folder / "data", "--stun", coturn.stun, settings=settings))


def test_an_outer_address_that_nobody_is_told_is_wrong(
    network: NatNetwork, coturn: Coturn, tmp_path: Path
) -> None:
    network.translate()
    found = at_home(network, tmp_path, coturn, SETTINGS)
    assert found[STUN]["state"] == "wrong"
    assert "the same outer port for everybody" in found[STUN]["meaning"]
    assert "only addresses and ports that were sent to" in found[STUN]["meaning"]
    assert f"VTP_MEDIA__ANNOUNCED_ADDRESSES={OUTER},{HOME}" in found[STUN]["cure"]


def test_a_router_that_gives_each_peer_another_port_is_told(
    network: NatNetwork, coturn: Coturn, tmp_path: Path
) -> None:
    network.translate("fully-random")
    found = at_home(network, tmp_path, coturn, SETTINGS)
    assert "another outer port for each peer" in found[STUN]["meaning"]


def test_an_announced_port_that_is_not_forwarded_cannot_be_told_from_within(
    network: NatNetwork, coturn: Coturn, tmp_path: Path
) -> None:
    network.translate()
    found = at_home(network, tmp_path, coturn, ANNOUNCED)
    assert found[STUN]["state"] == "good"
    assert found[f"UDP {PORT} at {OUTER}"]["state"] == "worth knowing"
    assert "vtp doctor --server" in found[f"UDP {PORT} at {OUTER}"]["cure"]


def test_a_forwarded_port_answers_through_the_router(
    network: NatNetwork, coturn: Coturn, tmp_path: Path
) -> None:
    network.translate(forwarded_port=PORT)
    found = at_home(network, tmp_path, coturn, ANNOUNCED)
    assert found[f"UDP {PORT} at {OUTER}"]["state"] == "good"
    assert found[f"UDP {PORT} at {HOME}"]["state"] == "good"


def test_from_the_internet_a_port_that_is_not_forwarded_is_wrong(network: NatNetwork, tmp_path: Path) -> None:
    outer = {"VTP_HTTP__PUBLIC_URL": f"https://{OUTER}:8443"}
    web = f"ip daddr {OUTER} tcp dport 8443 dnat to {HOME}"
    with network.at(network.home):
        server = running_server(tmp_path / "data", settings=ANNOUNCED | outer)
        server.__enter__()
    try:
        network.translate()
        pages_only = f"table ip web {{ chain pre {{ type nat hook prerouting priority -100; {web}\n}}\n}}\n"
        network.add_rules(network.router, pages_only)
        with network.at(network.internet):
            without = doctor(tmp_path / "else", "--server", f"https://{OUTER}:8443")
        network.translate(forwarded_port=PORT)
        network.add_rules(network.router, pages_only)
        with network.at(network.internet):
            forwarded = doctor(tmp_path / "else", "--server", f"https://{OUTER}:8443")
    finally:
        server.__exit__(None, None, None)
    assert without.code == 1
    assert findings(without)[f"UDP {PORT} at {OUTER}"]["state"] == "wrong"
    assert findings(without)[f"Pages at https://{OUTER}:8443"]["state"] == "good"
    assert findings(forwarded)[f"UDP {PORT} at {OUTER}"]["state"] == "good"


def test_a_firewall_that_drops_the_media_port_is_found(
    network: NatNetwork, coturn: Coturn, tmp_path: Path
) -> None:
    network.translate()
    try:
        network.rules(
            network.home,
            """table inet filter { chain input {
              type filter hook input priority 0; policy drop;
              tcp dport { 8080, 8443 } accept
            }
            }
            """,
        )
        found = at_home(network, tmp_path, coturn, SETTINGS)
    finally:
        network.rules(network.home, "")
    assert found[f"UDP {PORT} at {HOME}"]["state"] == "wrong"
    closed = found[f"Firewall of this machine: UDP {PORT}"]
    assert (closed["state"], f"udp dport {PORT} accept" in closed["cure"]) == ("worth knowing", True)
    assert "Firewall of this machine: TCP 8443" not in found
