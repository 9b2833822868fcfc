"""Emulated networks between namespaces: real programs over links that lose, delay and narrow."""

from vtp.bench.net.direction import Direction
from vtp.bench.net.link import Link
from vtp.bench.net.network import Network, Node
from vtp.bench.net.place import NetworkError, Place

__all__ = ["Direction", "Link", "Network", "NetworkError", "Node", "Place"]
