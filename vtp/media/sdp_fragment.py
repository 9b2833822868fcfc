"""Trickle ICE fragments (`application/trickle-ice-sdpfrag`, RFC 8840): read and written."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vtp.media.parameters import IceCandidate, IceParameters, Kind
from vtp.media.sdp import Candidate, TransportAttributes
from vtp.media.sdp_answer import sdp_candidate
from vtp.media.sdp_parse import MAX_LINE, TRANSPORT_ATTRIBUTES, split_lines
from vtp.media.sdp_write import write_transport


@dataclass(slots=True)
class Fragment:
    """What a PATCH carries: new credentials (an ICE restart when they differ) or more candidates."""

    ice_ufrag: str | None = None
    ice_pwd: str | None = None
    candidates: list[Candidate] = field(default_factory=list)
    end_of_candidates: bool = False


def parse_fragment(text: str) -> Fragment:
    """Read a fragment. Raises ValueError with a sentence when it is not one or beyond bounds.

    Attributes of all its media lines are joined: there is one bundled transport. Odd lines are ignored.
    """
    transport = TransportAttributes()
    recognised = 0
    for line in split_lines(text):
        name, _, value = line.removeprefix("a=").partition(":")
        read = TRANSPORT_ATTRIBUTES.get(name.strip().lower())
        if not line.startswith("a=") or read is None or len(line) > MAX_LINE:
            continue
        try:
            read(transport, value.strip())
        except ValueError:
            continue
        recognised += 1
    if recognised == 0:
        raise ValueError("The trickle fragment holds neither credentials nor candidates")
    if (transport.ice_ufrag is None) != (transport.ice_pwd is None):
        raise ValueError("The trickle fragment has only one of a=ice-ufrag and a=ice-pwd")
    return Fragment(transport.ice_ufrag, transport.ice_pwd, transport.candidates, transport.end_of_candidates)


def write_fragment(ice: IceParameters, candidates: Sequence[IceCandidate], mid: str, kind: Kind) -> str:
    """Our side after an ICE restart: credentials and all candidates, for the bundle's first line.

    RFC 9725 section 4.3.3: the body of the 200 answer to a restart.
    """
    session = TransportAttributes(ice_lite=True, ice_ufrag=ice.username_fragment, ice_pwd=ice.password)
    media = TransportAttributes(candidates=[sdp_candidate(c) for c in candidates], end_of_candidates=True)
    lines = [
        *write_transport(session),
        f"m={kind} 9 UDP/TLS/RTP/SAVPF 0",
        f"a=mid:{mid}",
        *write_transport(media),
    ]
    return "".join(f"{line}\r\n" for line in lines)
