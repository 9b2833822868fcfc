"""Who holds a media grant, and that what it opens is still theirs: asked anew with the next request after a
change of rights, and every RECHECK_S anyway.

A holder is written into the grant: an account, by one of its sessions or (in download links) by none of them,
a link (with its room, and whether it names its guest), a link to the recording itself, whoever comes to open
rooms, or anybody at all; or another process that answers for us (`vtp edge`), and asks for each of those whom
it answers. Of what many share, a visit's number tells them apart, so that viewers can be counted.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from vtp.accounts.users import User
from vtp.errors import Forbidden, NotSignedIn, Unavailable, VtpError
from vtp.http.client import network_of
from vtp.http.identity import Principal, Role, anybody, guest_of_open_rooms
from vtp.recording.grants import Scope

RECHECK_S = 30.0
MAX_KEPT = 20_000  # of those who were let through; over it the one that was asked longest ago is asked anew
_ACCOUNT, _NAMED, _SHARED, _OPEN, _LINK, _ANYBODY, _EDGE = "unsolae"
_AWARE = "+"  # of an edge: it knows who may have participants' tracks
_TOO = "d"  # of a link: to take home, too
_BETWEEN = "~"
_VISIT = "!"
_LINK_BEFORE = "l"  # begins that of links that download, as a former version made them; some are still good
_IN_PATH = "t"  # begins the visit of who comes by an address that holds the grant; others' are hexadecimal
VISIT_BYTES = 6


class Recordings(Protocol):
    """What says who may see a recording."""

    async def may_download(self, principal: Principal, recording_id: str, address: str = "") -> bool:
        """Whether they may take home what they may see. Raises NotFound, Forbidden for what they may not."""


def holder_of(principal: Principal, *, beyond_session: bool = False) -> str:
    """How a grant names somebody; without a full stop. Their signing out ends it unless `beyond_session`."""
    if principal.open_rooms:
        return _OPEN
    if principal.user_id is not None:
        session_id = "" if beyond_session else principal.session_id or ""
        return f"{_ACCOUNT}{principal.user_id}{_BETWEEN}{session_id}"
    if principal.recording is not None:
        return f"{_LINK}{principal.token_id}{_BETWEEN}{_TOO if principal.download else ''}"
    if principal.room is None:
        return _ANYBODY
    kind = _NAMED if principal.full_name else _SHARED
    return f"{kind}{principal.token_id}{_BETWEEN}{principal.room}"


def visit_of(principal: Principal, visit: str = "") -> str:
    """The same for who begins to watch: with a number where many are the same to us, as by a link that is in
    many hands. `visit` tells them from their own other visits, too.
    """
    if not visit and principal.user_id is None and not principal.full_name:
        visit = secrets.token_hex(VISIT_BYTES)
    return f"{holder_of(principal)}{_VISIT}{visit}" if visit else holder_of(principal)


def visit_after(principal: Principal, before: str | None) -> str:
    """The same for who may have watched already: their visit goes on where they held the grant `before`."""
    return before if before is not None and is_of(before, principal) else visit_of(principal)


def is_of(holder: str, principal: Principal | None) -> bool:
    """Whether that is how the grants of their own rights name this caller, whichever visit it is."""
    return principal is not None and not is_in_path(holder) and without_visit(holder) == holder_of(principal)


def holder_in_path(principal: Principal) -> str:
    """The same for a grant that is in an address: it outlasts the session, and shows the program only."""
    return _in_path(holder_of(principal, beyond_session=True))


def holder_of_link_in_path(link_id: str) -> str:
    """The same of a link to the recording."""
    return _in_path(f"{_LINK}{link_id}{_BETWEEN}")


def is_in_path(holder: str) -> bool:
    """Whether a grant is good in an address, and nowhere else."""
    return holder.partition(_VISIT)[2].startswith(_IN_PATH)


def _in_path(holder: str) -> str:
    return f"{holder}{_VISIT}{_IN_PATH}{secrets.token_hex(VISIT_BYTES)}"


def without_visit(holder: str) -> str:
    """Whom a holder stands for, whichever visit it is."""
    return holder.partition(_VISIT)[0]


def holder_of_edge(name: str) -> str:
    """How a grant names an edge, which makes it itself with the key of all grants."""
    return f"{_EDGE}{_AWARE}{name}"


def is_edge(holder: str) -> bool:
    """Whether that is who holds a grant."""
    return holder.startswith(_EDGE)


def session_of(holder: str, address: str = "") -> str:
    """Whose viewing it is that such a grant opens; "" of what watches for nobody, as an edge does. An address
    that holds its grant is in many hands: each network address that comes by it is a viewer.
    """
    if is_edge(holder):
        return ""
    return f"{holder}@{address}" if is_in_path(holder) else holder


def party_of(holder: str, address: str) -> str:
    """Whose such a viewing is, of several at once: an account's, wherever it comes from; else that of a link,
    or of nobody, from this address, or the network that a household has of IPv6."""
    user_id = viewer_of(holder).user_id
    return f"{_ACCOUNT}{user_id}" if user_id is not None else f"{without_visit(holder)}@{network_of(address)}"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody as a grant names them: an account, a link, or neither."""

    user_id: str | None
    link_id: str | None


def viewer_of(holder: str) -> Viewer:
    """Whom a holder stands for."""
    kind, (id_, _, _) = holder[:1], holder[1:].partition(_BETWEEN)
    return Viewer(id_ if kind == _ACCOUNT else None, id_ if kind in (_NAMED, _SHARED, _LINK) else None)


def knows_people(holder: str) -> bool:
    """Whether they may have what is one participant's alone, a name or a camera: an account, or everybody
    where rooms are open; and an edge, which asks this itself of those whom it answers (older ones do not).
    Who comes by a link, by an address that holds the grant, or by nothing, has the program.
    """
    if holder.partition(_VISIT)[2].startswith((_IN_PATH, _LINK_BEFORE)):
        return False
    return holder[:1] in (_ACCOUNT, _OPEN) or holder.startswith(_EDGE + _AWARE)


class Holders:
    """`find_account` looks for an account that has this session, or any when it is empty; `is_revoked` says
    whether a link was ended.
    """

    def __init__(
        self,
        recordings: Recordings,
        find_account: Callable[[str, str], Awaitable[User | None]],
        is_revoked: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recordings = recordings
        self._find_account = find_account
        self._is_revoked = is_revoked
        self._clock = clock
        self._admitted: dict[tuple[str, str, Scope, str], float] = {}
        self._changes = 0

    async def require(self, holder: str, recording_id: str, scope: Scope, address: str) -> None:
        """Raises NotFound, Forbidden, NotSignedIn when the holder may not have this any more.

        While the database is away who was let through before goes on.
        """
        key = (without_visit(holder), recording_id, scope, address)
        before = self._admitted.get(key)
        if before is None or self._clock() - before >= RECHECK_S:
            await self._find_out(key, before)

    async def ask_ahead(self, holder: str, recording_id: str, scope: Scope, address: str) -> None:
        """Asks about who is let through before it must be, so that nobody waits then. Whoever may not have
        this any more is told so by `require`, which asks when they come again.
        """
        key = (without_visit(holder), recording_id, scope, address)
        before = self._admitted.get(key)
        if before is None:
            return
        try:
            await self._find_out(key, before)
        except VtpError:
            if self._admitted.get(key) == before:
                del self._admitted[key]

    async def _find_out(self, key: tuple[str, str, Scope, str], before: float | None) -> None:
        now, changes = self._clock(), self._changes
        try:
            await self._ask(*key)
        except Unavailable:
            if before is None or changes != self._changes:
                raise
            return
        if changes == self._changes:  # else somebody's rights have changed while it was asked
            self._admitted.pop(key, None)
            self._admitted[key] = now
            if len(self._admitted) > MAX_KEPT:
                del self._admitted[next(iter(self._admitted))]

    def known_until(self, holder: str, recording_id: str, scope: Scope, address: str) -> float | None:
        """Until when `require` would let them through without asking, unless somebody's rights change; None:
        it would ask now.
        """
        before = self._admitted.get((without_visit(holder), recording_id, scope, address))
        if before is None or self._clock() - before >= RECHECK_S:
            return None
        return before + RECHECK_S

    @property
    def changes(self) -> int:
        """How often somebody's rights have changed."""
        return self._changes

    def left_s(self, until_s: float, changes: int) -> float:
        """How long that is good yet which `known_until` said when there were so many changes."""
        return max(until_s - self._clock(), 0.0) if changes == self._changes else 0.0

    def forget(self, concerns: object = None) -> None:
        """Somebody's rights have changed: all are asked anew."""
        self._changes += 1
        self._admitted.clear()

    async def _ask(self, holder: str, recording_id: str, scope: Scope, address: str) -> None:
        if is_edge(holder):
            return
        principal = await self._principal(holder, recording_id)
        may_download = await self._recordings.may_download(principal, recording_id, address)
        if scope is Scope.DOWNLOAD and not may_download:
            raise Forbidden("Your account does not have the right to download this recording any more.")

    async def _principal(self, holder: str, recording_id: str) -> Principal:
        """The holder as they are now. Raises NotSignedIn when they are no more."""
        kind, id_ = holder[:1], holder[1:]
        if kind == _OPEN:
            return guest_of_open_rooms()
        if kind == _ANYBODY:
            return anybody()
        if kind == _LINK:
            token_id, _, also = id_.partition(_BETWEEN)
            if self._is_revoked(token_id):
                raise NotSignedIn("This link is not good any more: ask for another.", code="token_revoked")
            return replace(anybody(), token_id=token_id, recording=recording_id, download=also == _TOO)
        if kind != _ACCOUNT:
            token_id, _, room_id = id_.partition(_BETWEEN)
            if self._is_revoked(token_id):
                raise NotSignedIn("This link is not good any more: ask for another.", code="token_revoked")
            return _guest(token_id, room_id, "named" if kind == _NAMED else "")
        user_id, _, session_id = id_.partition(_BETWEEN)
        user = await self._find_account(user_id, session_id)
        if user is None or user.disabled_at is not None:
            raise NotSignedIn("This session has ended, or its account: sign in again.", code="session_ended")
        return person_of(user)


def person_of(user: User) -> Principal:
    """An account as it is now, by none of its sessions."""
    return Principal(
        user_id=user.id,
        email=user.email,
        full_name=user.full_name,
        role=user.role,
        verified=user.verified,
        room=None,
        publish=False if user.watch_only else None,
        watch=None,
        token_id="",
        session_id=None,
    )


def _guest(token_id: str, room_id: str, full_name: str) -> Principal:
    """Of a link that could watch when the grant was made; what a link may do never changes."""
    return Principal(
        user_id=None,
        email="",
        full_name=full_name,
        role=Role.GUEST,
        verified=True,
        room=room_id,
        publish=None,
        watch=True,
        token_id=token_id,
        session_id=None,
    )
