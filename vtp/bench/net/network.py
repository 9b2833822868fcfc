"""An emulated network: nodes, each a namespace with an access link, around a router in user space.

A packet goes up the sender's link and down the receiver's. So viewers with a link each are nodes with figures
of their own around a server without any; several clients behind one bottleneck live in one node.
"""

from __future__ import annotations

import contextlib
import threading
import time
from functools import reduce
from ipaddress import ip_address
from typing import Any

from vtp.bench._emulator import Mover
from vtp.bench.load_figures import Delays
from vtp.bench.net.direction import Direction
from vtp.bench.net.place import NetworkError, Place
from vtp.bench.net.report import NetworkFigures, delays, error_figures, node_figures, why_void
from vtp.bench.net.tun import Tun

PROTOCOLS = {"any": 0, "icmp": 1, "tcp": 6, "udp": 17}


class Node:
    """One namespace and its access link. Made by `Network.add`."""

    def __init__(self, place: Place, tun: Tun, mover: Mover, port: int) -> None:
        self.place = place
        self._tun = tun
        self._mover = mover
        self._port = port
        self._blocks: list[tuple[int, int]] = []
        self._outside: list[bytes] = []

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def addresses(self) -> list[str]:
        """Without their prefixes, in the order they were given."""
        return [str(address.ip) for address in self._tun.addresses]

    @property
    def address(self) -> str:
        """The first."""
        return self.addresses[0]

    def change(self, *, up: dict[str, Any] | None = None, down: dict[str, Any] | None = None) -> None:
        """Changes figures of `Direction` from now on; what is not named stays. Raises ValueError."""
        for is_up, figures in ((True, up), (False, down)):
            if figures:
                self._mover.configure(self._port, is_up, figures)

    def plan(
        self, after_s: float, *, up: dict[str, Any] | None = None, down: dict[str, Any] | None = None
    ) -> None:
        """The same by itself, so many seconds from now."""
        for is_up, figures in ((True, up), (False, down)):
            if figures:
                self._mover.configure(self._port, is_up, figures, after_ns=max(1, round(after_s * 1e9)))

    def cut(self) -> None:
        """Nothing passes any more, and what is under way is lost."""
        self._mover.set_cut(self._port, True)

    def restore(self) -> None:
        """Ends a cut."""
        self._mover.set_cut(self._port, False)

    def block(self, protocol: str = "any", port: int = 0) -> None:
        """Drops packets to and from a port of the far side (0: any), as firewalls do. One of PROTOCOLS."""
        self._blocks.append((PROTOCOLS[protocol], port))
        self._mover.set_blocks(self._port, self._blocks)

    def unblock(self) -> None:
        """Lifts all blocks."""
        self._blocks.clear()
        self._mover.set_blocks(self._port, [])

    def move(self, *addresses: str) -> None:
        """Another network: these addresses instead of the old ones, at once. Raises NetworkError."""
        self._tun.move(addresses)
        self._mover.set_addresses(self._port, self._tun.packed())

    def hide(self, *outside: str) -> None:
        """Puts a NAT before the node, with an address outside for one family or for both."""
        self._outside = [ip_address(address).packed for address in outside]
        self._mover.set_nat(self._port, self._outside)

    def rebind(self, *outside: str) -> None:
        """The NAT forgets all it knew: new ports, and new addresses if given. Nobody is told."""
        if outside:
            self.hide(*outside)
        else:
            self._mover.set_nat(self._port, self._outside)

    def raw(self) -> dict[str, Any]:
        """The mover's own figures."""
        return self._mover.figures(self._port)

    def dropped(self) -> int:
        """Packets that the kernel dropped before the emulator had them."""
        return self._tun.dropped()


class Network:
    """A router and its nodes, as a context manager: it runs at once, and all of it is gone at the end."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.nodes: list[Node] = []
        self._mover = Mover()
        self._thread = threading.Thread(target=self._mover.run, name="emulator")
        self._open = contextlib.ExitStack()
        self._started_s = 0.0

    def __enter__(self) -> Network:
        self._started_s = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._mover.stop()
        self._thread.join()
        self._mover.close()
        self._open.close()

    def add(
        self, name: str, *addresses: str, up: Direction | None = None, down: Direction | None = None
    ) -> Node:
        """A node with addresses like "10.66.0.2/24" or "fd66::2/64"; a direction left out does nothing.

        Raises NetworkError, ValueError.
        """
        place = Place(name)
        self._open.callback(place.close)
        tun = Tun(place, addresses)
        self._open.callback(tun.close)
        port = self._mover.add_port(tun.fd, tun.packed(), self.seed * 1000 + 2 * len(self.nodes))
        node = Node(place, tun, self._mover, port)
        self._impair(node, up or Direction(), down or Direction())
        self.nodes.append(node)
        return node

    def under_way(self) -> int:
        """Packets that have been read and neither written nor dropped."""
        return self._mover.packets_in_use

    def report(self) -> NetworkFigures:
        """What packets met so far, and whether the run counts."""
        seconds = time.monotonic() - self._started_s
        raw = [node.raw() for node in self.nodes]
        nodes = [
            node_figures(node.name, figures, node.dropped())
            for node, figures in zip(self.nodes, raw, strict=True)
        ]
        cpu_ns = self._mover.cpu_ns
        packets = sum(figures["read"] for figures in raw)
        error = reduce(Delays.__add__, (delays(figures["error"]) for figures in raw), Delays())
        return NetworkFigures(
            void=why_void(nodes),
            seed=self.seed,
            seconds=round(seconds, 3),
            scheduling="real time" if self._mover.real_time else "as any other thread",
            cores=round(cpu_ns / 1e9 / seconds, 4),
            cpu_us_per_packet=round(cpu_ns / 1e3 / packets, 3) if packets else None,
            error_ms=error_figures(error),
            nodes=nodes,
        )

    def _impair(self, node: Node, up: Direction, down: Direction) -> None:
        node.change(up=up.figures(), down=down.figures())
        for after_s, figures in up.plan.items():
            node.plan(after_s, up=dict(figures))
        for after_s, figures in down.plan.items():
            node.plan(after_s, down=dict(figures))


__all__ = ["Network", "NetworkError", "Node"]
