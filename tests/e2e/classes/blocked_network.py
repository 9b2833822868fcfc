"""A network that blocks what goes to the media port, and which way the pictures of a class take then."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.classes.class_pages import frames, tile_of
from tests.e2e.conftest import poll
from tests.free_ports import free_port
from vtp.media.ice import choose_addresses, interface_addresses

RELAY_PORTS = (61_000, 61_200)
"""Of coturn: above those that the kernel gives to browsers. They are never blocked."""
KEEP_PEERS = """
window.peers = [];
const Native = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Native {
  constructor(...words) {
    super(...words);
    window.peers.push(this);
  }
};
"""
WAYS = """async () => {
  const ways = [];
  for (const peer of window.peers) {
    const stats = await peer.getStats();
    for (const one of stats.values()) {
      if (one.type !== "transport" || !one.selectedCandidatePairId) continue;
      const local = stats.get(stats.get(one.selectedCandidatePairId).localCandidateId);
      ways.push(local.candidateType === "relay" ? `relay ${local.relayProtocol}` : local.protocol);
    }
  }
  return ways;
}"""


@dataclass(frozen=True)
class Network:
    """Where media goes, and a firewall before it."""

    address: str
    port: int

    @contextmanager
    def blocked(self, *protocols: str, ports: Sequence[int] = ()) -> Iterator[None]:
        """Drops what goes so to the media port, relayed packets excepted; and UDP to `ports`."""
        table = f"vtp_test_{self.port}"
        rules = {
            "udp": f"udp dport {self.port} udp sport != {RELAY_PORTS[0]}-{RELAY_PORTS[1]} drop",
            "tcp": f"tcp dport {self.port} drop",
        }
        lines = [rules[protocol] for protocol in protocols] + [f"udp dport {port} drop" for port in ports]
        body = "\n".join(["type filter hook output priority 0;", *lines])
        text = f"table inet {table} {{\nchain out {{\n{body}\n}}\n}}"
        subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)
        try:
            yield
        finally:
            subprocess.run(["nft", "delete", "table", "inet", table], check=True)


def make_network() -> Network:
    """Skips the test with the reason where nothing can be blocked."""
    if os.geteuid() != 0 or shutil.which("nft") is None:
        pytest.skip("needs root and nftables (scripts/setup.sh test installs them)")
    address = choose_addresses("", interface_addresses())[0]
    if address.startswith("127."):
        pytest.skip("This machine has no address but loopback, over which Chromium sends no media.")
    return Network(address, free_port())


def assert_pictures(page: Page, of: str) -> None:
    """Twenty more of somebody's pictures are shown."""
    expect(tile_of(page, of)).to_have_attribute("data-picture", "true")
    shown = page.evaluate(frames(page, of))
    poll(page, f"{frames(page, of)} >= {shown + 20}")
