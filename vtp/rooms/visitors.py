"""By what somebody is known when they come again: their account, else their link and where they come from.

One link may be in many hands, so a link alone says too little; its guests are told apart by network.
"""

from __future__ import annotations

from dataclasses import dataclass

from vtp.http.client import network_of
from vtp.http.identity import Principal


@dataclass(frozen=True, slots=True)
class Visitor:
    """Either `user_id` or the other two are set."""

    user_id: str | None = None
    link_id: str | None = None
    network: str | None = None

    @property
    def key(self) -> str:
        """The same for the same one, for limits."""
        return f"user:{self.user_id}" if self.user_id else f"link:{self.link_id}:{self.network}"


def visitor_of(principal: Principal, address: str) -> Visitor | None:
    """By what a principal is known who calls from this address.

    None for people in open rooms and for those whom a service calls by a name of its own: nothing of ours
    tells who they are.
    """
    if principal.user_id is not None:
        return Visitor(user_id=principal.user_id)
    if principal.room is None or not address:
        return None
    return Visitor(link_id=principal.token_id, network=network_of(address))
