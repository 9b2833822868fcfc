"""PATCH on a WHIP or WHEP session: trickled candidates and ICE restarts (RFC 9725 section 4.3)."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.errors import PreconditionFailed, PreconditionRequired
from vtp.media.sdp_fragment import Fragment, write_fragment
from vtp.signalling.sessions import MediaSession


@dataclass(frozen=True)
class Restarted:
    """Our side after an ICE restart: the fragment to answer with and the new entity tag."""

    fragment: str
    etag: str


def check_if_match(session: MediaSession, if_match: str | None) -> None:
    """Raises PreconditionRequired without `If-Match`, PreconditionFailed when it names an older session."""
    if if_match is None:
        raise PreconditionRequired('Send If-Match with the ETag of the session, or with "*" to restart ICE.')
    tags = {tag.strip() for tag in if_match.split(",")}
    if "*" not in tags and session.etag not in tags:
        raise PreconditionFailed("This is about an older ICE session; its ETag has changed since.")


def apply_fragment(session: MediaSession, fragment: Fragment) -> Restarted | None:
    """Takes candidates (ICE-lite needs none) and gives None, or restarts ICE and gives our new side."""
    if fragment.ice_ufrag is None or fragment.ice_ufrag == session.remote_ufrag:
        return None
    ice = session.transport.restart_ice()
    session.remote_ufrag = fragment.ice_ufrag
    text = write_fragment(ice, session.transport.ice_candidates, session.mid, session.kind)
    return Restarted(text, session.etag)
