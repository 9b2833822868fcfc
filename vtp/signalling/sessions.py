"""WHIP and WHEP sessions: who owns them, and that they live exactly as long as their transport."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from vtp.errors import Forbidden, NotFound, NotSignedIn
from vtp.http.identity import Principal
from vtp.ids import new_id
from vtp.media.media_transport import TransportClosed, TransportEvent
from vtp.media.parameters import IceParameters, Kind
from vtp.media.transport import WebRtcTransport


class Face(enum.StrEnum):
    """By which protocol a session was made; the first part of its URL."""

    WHIP = "whip"
    WHEP = "whep"


@dataclass(slots=True, eq=False)
class MediaSession:
    """One publisher's or viewer's session. `mid` and `kind` are those of the bundle's first line."""

    face: Face
    room_id: str
    principal: Principal
    transport: WebRtcTransport
    remote_ufrag: str
    mid: str
    kind: Kind
    id: str = field(default_factory=new_id)

    @property
    def owner(self) -> str:
        """Whose it is; see `owner_of`."""
        return owner_of(self.principal)

    @property
    def etag(self) -> str:
        """Entity tag of the current ICE session (RFC 9725 section 4.3): it changes with every restart."""
        return etag_of(self.transport.ice_parameters)


def etag_of(ice: IceParameters) -> str:
    """A strong entity tag that does not give the credentials away."""
    text = f"{ice.username_fragment}:{ice.password}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def owner_of(principal: Principal) -> str:
    """Under which name a principal owns sessions: the account, else the token; open rooms know one."""
    return "open-rooms" if principal.open_rooms else principal.limit_key


class Sessions:
    """All WHIP and WHEP sessions that are open now. `has_ended`: whether a token ended since it was read."""

    def __init__(self, has_ended: Callable[[Principal], bool]) -> None:
        self._has_ended = has_ended
        self._sessions: dict[str, MediaSession] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def add(self, session: MediaSession) -> None:
        """Keeps a session until its transport closes. Raises NotSignedIn when its maker's link has ended."""
        if self._has_ended(session.principal):
            raise NotSignedIn("Your link has ended.", code="token_expired")
        if session.transport.closed:
            return
        self._sessions[session.id] = session
        session.transport.add_listener(self._forgetter(session.id))

    def end_concerned(self, concerns: Callable[[Principal], bool]) -> None:
        """Ends the sessions of guests whose link, and of accounts whose rights it concerns.

        Those of accounts outlive the sign-in by which they were made.
        """
        for session in list(self._sessions.values()):
            if concerns(replace(session.principal, session_id=None)):
                session.transport.close("Its link has ended, or its account was changed.")

    def get(self, face: Face, session_id: str, principal: Principal) -> MediaSession:
        """The session. Raises NotFound when there is none, Forbidden when somebody else owns it."""
        session = self._sessions.get(session_id)
        if session is None or session.face is not face:
            raise NotFound("This session has ended or never was; start another one.", code="no_such_session")
        if session.owner != owner_of(principal):
            raise Forbidden("This session belongs to somebody else.")
        return session

    def _forgetter(self, session_id: str) -> Callable[[TransportEvent], None]:
        def forget(event: TransportEvent) -> None:
            if isinstance(event, TransportClosed):
                self._sessions.pop(session_id, None)

        return forget
