"""Other SFUs under the same load: the peers of `vtp bench --peer NAME`, by name.

A peer is run as its makers ship it, inside the benchmark's private network; what differs from its defaults,
and why, stands in its module's first lines.
"""

from collections.abc import Callable

from vtp.bench.sfu import Sfu


def _janus() -> list[Sfu]:
    from vtp.bench.peers.janus import (
        Janus,
    )  # here: what a peer's setup needs is loaded without the load client

    return [Janus("as_shipped"), Janus("event_loops_2", event_loops=2)]


def _livekit() -> list[Sfu]:
    from vtp.bench.peers.livekit import LiveKit

    return [LiveKit()]


def _galene() -> list[Sfu]:
    from vtp.bench.peers.galene import Galene

    return [Galene()]


_PEERS: dict[str, Callable[[], list[Sfu]]] = {"janus": _janus, "livekit": _livekit, "galene": _galene}
PEER_NAMES = tuple(_PEERS)


def open_peer(name: str) -> list[Sfu]:
    """The peer's variants, in the order they are measured. Raises ValueError for a name that is none."""
    if name not in _PEERS:
        raise ValueError(f"There is no peer {name}: choose from {', '.join(PEER_NAMES)}.")
    return _PEERS[name]()
