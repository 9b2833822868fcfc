"""Trickle ICE fragments (`application/trickle-ice-sdpfrag`, RFC 8840): read and written."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vtp.media.parameters import IceCandidate, IceParameters, Kind
from vtp.media.sdp import Candidate


@dataclass(slots=True)
class Fragment:
    """What a PATCH carries: new credentials (an ICE restart when they differ) or more candidates."""

    ice_ufrag: str | None = None
    ice_pwd: str | None = None
    candidates: list[Candidate] = field(default_factory=list)
    end_of_candidates: bool = False


def parse_fragment(text: str) -> Fragment:
    """Read a fragment. Raises ValueError with a sentence when it is not one or beyond bounds."""
    raise NotImplementedError


def write_fragment(ice: IceParameters, candidates: Sequence[IceCandidate], mid: str, kind: Kind) -> str:
    """Our side after an ICE restart: credentials, all candidates, end-of-candidates, for the bundle's first line."""
    raise NotImplementedError
