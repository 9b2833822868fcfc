"""Where people are signed in, as they see and end it themselves."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Event, Origin
from vtp.accounts.parts import AccountParts
from vtp.accounts.service import account_of
from vtp.accounts.sessions import Session
from vtp.db.conflicts import done_over
from vtp.errors import Forbidden, NotFound
from vtp.http.identity import Principal
from vtp.ids import parse_id

_REASON = "ended_by_user"


class OwnSessions:
    """Every method raises Forbidden for callers without an account."""

    def __init__(self, parts: AccountParts) -> None:
        self._parts = parts

    async def list_alive(self, principal: Principal, *, limit: int, before: str | None) -> list[Session]:
        """Where the caller is signed in, the latest sign-in first."""
        user_id, now = account_of(principal), self._parts.clock()
        async with self._parts.database.read() as tx:
            return await self._parts.sessions.list_alive(tx, user_id, now, limit=limit, before=before)

    @done_over
    async def end(self, principal: Principal, session_id: str, origin: Origin) -> None:
        """Signs the caller out on one device. Raises NotFound; Forbidden for somebody else's session."""
        user_id, session_id = account_of(principal), parse_id(session_id, "/path/session_id")
        now = self._parts.clock()
        async with self._parts.database.transaction() as tx:
            session = await self._parts.sessions.find(tx, session_id)
            if session is None:
                raise NotFound("There is no such session.")
            if session.user_id != user_id:
                raise Forbidden("This session belongs to somebody else.")
            await self._parts.sessions.end(tx, session_id, _REASON, now)
            await self._record(tx, user_id, session_id, origin)
        self._parts.changes.end_sessions([session_id], now)

    @done_over
    async def end_others(self, principal: Principal, origin: Origin) -> list[str]:
        """Signs the caller out everywhere else; gives the ids of the sessions that ended."""
        user_id, own, now = account_of(principal), principal.session_id, self._parts.clock()
        async with self._parts.database.transaction() as tx:
            ended = await self._parts.sessions.end_all(tx, user_id, _REASON, now, besides=own)
            for session_id in ended:
                await self._record(tx, user_id, session_id, origin)
        self._parts.changes.end_sessions(ended, now)
        return ended

    async def _record(self, tx: AsyncConnection, user_id: str, session_id: str, origin: Origin) -> None:
        await self._parts.audit.record(
            tx,
            Event.SESSION_ENDED,
            origin,
            actor_id=user_id,
            subject=f"session:{session_id}",
            details={"reason": _REASON},
        )
