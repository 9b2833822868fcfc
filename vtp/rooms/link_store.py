"""The rows of guests' links."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.accounts.links import Link, LinkRows
from vtp.rooms.tables import guest_links


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestLink(Link):
    """One link to a room."""

    room_id: str
    label: str
    full_name: str
    publish: bool
    watch: bool


GUEST_LINKS = LinkRows(guest_links, GuestLink, "room_id")
