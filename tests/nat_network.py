"""A home behind a router that translates addresses, and the internet: namespaces joined by nftables' NAT."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

HOME, ROUTER = "192.168.77.2", "192.168.77.1"
OUTER = "9.9.9.1"
INTERNET = ("9.9.9.10", "9.9.9.11")
_CLONE_NEWNET = 0x40000000
_OWN = Path("/proc/thread-self/ns/net")


@dataclass(frozen=True)
class NatNetwork:
    """Names of the namespaces."""

    home: str
    router: str
    internet: str

    @contextmanager
    def at(self, namespace: str) -> Iterator[None]:
        """Moves the calling thread there, with what it starts meanwhile."""
        outside = os.open(_OWN, os.O_RDONLY)
        inside = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
        try:
            _setns(inside)
            yield
        finally:
            _setns(outside)
            os.close(inside)
            os.close(outside)

    def rules(self, namespace: str, text: str) -> None:
        """Gives a namespace these nftables rules in place of what it had."""
        self.add_rules(namespace, f"flush ruleset\n{text}")

    def add_rules(self, namespace: str, text: str) -> None:
        """Gives a namespace these nftables rules too."""
        command = ["ip", "netns", "exec", namespace, "nft", "-f", "-"]
        subprocess.run(command, input=text, text=True, check=True)

    def translate(self, how: str = "", *, forwarded_port: int = 0) -> None:
        """The router's NAT; with a forwarded port also for who calls the outer address from home."""
        forward = f"ip daddr {OUTER} udp dport {forwarded_port} dnat to {HOME}" if forwarded_port else ""
        self.rules(
            self.router,
            f"""table ip nat {{
              chain pre {{ type nat hook prerouting priority -100; {forward}
              }}
              chain post {{ type nat hook postrouting priority 100;
                oifname "wan" masquerade {how}
                ip saddr 192.168.77.0/24 ip daddr {HOME} masquerade
              }}
            }}""",
        )


def _setns(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET) < 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def nat_network() -> Iterator[NatNetwork]:
    """Builds it; skips the test with the reason where that cannot be."""
    if os.geteuid() != 0 or shutil.which("nft") is None or shutil.which("ip") is None:
        pytest.skip("needs root, iproute2 and nftables (scripts/setup.sh test installs them)")
    mark = secrets.token_hex(3)
    network = NatNetwork(*(f"vtp-{name}-{mark}" for name in ("home", "router", "internet")))
    names = (network.home, network.router, network.internet)
    try:
        for name in names:
            if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
                pytest.skip("no network namespace can be made here")
        for line in _commands(network):
            subprocess.run(line.split(), check=True)
        yield network
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def _commands(network: NatNetwork) -> list[str]:
    home, router, internet = network.home, network.router, network.internet
    return [
        f"ip link add lan0 netns {home} type veth peer name lan netns {router}",
        f"ip link add wan netns {router} type veth peer name net0 netns {internet}",
        f"ip -n {home} addr add {HOME}/24 dev lan0",
        f"ip -n {router} addr add {ROUTER}/24 dev lan",
        f"ip -n {router} addr add {OUTER}/24 dev wan",
        *(f"ip -n {internet} addr add {address}/24 dev net0" for address in INTERNET),
        *(f"ip -n {name} link set lo up" for name in (home, router, internet)),
        f"ip -n {home} link set lan0 up",
        f"ip -n {router} link set lan up",
        f"ip -n {router} link set wan up",
        f"ip -n {internet} link set net0 up",
        f"ip -n {home} route add default via {ROUTER}",
        f"ip netns exec {router} sysctl -qw net.ipv4.ip_forward=1",
    ]
