"""Other SFUs under the same load: the peers of `vtp bench --peer NAME`, by name.

A peer is run as its makers ship it, inside the benchmark's private network; what differs from its defaults,
and why, stands in its module's first lines.
"""

from collections.abc import Callable

from vtp.bench.peers.galene import Galene
from vtp.bench.peers.janus import Janus
from vtp.bench.peers.livekit import LiveKit
from vtp.bench.sfu import Sfu

_PEERS: dict[str, Callable[[], list[Sfu]]] = {
    "janus": lambda: [Janus("as_shipped"), Janus("event_loops_2", event_loops=2)],
    "livekit": lambda: [LiveKit()],
    "galene": lambda: [Galene()],
}
PEER_NAMES = tuple(_PEERS)


def open_peer(name: str) -> list[Sfu]:
    """The peer's variants, in the order they are measured. Raises ValueError for a name that is none."""
    if name not in _PEERS:
        raise ValueError(f"There is no peer {name}: choose from {', '.join(PEER_NAMES)}.")
    return _PEERS[name]()
