"""The rows of links to recordings."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.accounts.links import Link, LinkRows
from vtp.recording.tables import recording_shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Share(Link):
    """One link to a recording."""

    recording_id: str
    title: str
    download: bool


SHARES = LinkRows(recording_shares, Share, "recording_id")
