"""Links to one recording, for people without an account: made by who may share it, ended by them too.

The same kind of link as guests' (decision 0033): a token with a row, revoked in memory, and by the looks of
other processes. Decision 0077.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.guest_tokens import GuestTokens
from vtp.accounts.links import RevokedLinks
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.accounts.tokens import ShareClaims, Tokens
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, Gone, NotFound
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id
from vtp.recording.service import Recordings
from vtp.recording.share_schemas import ShareRecording
from vtp.recording.share_store import SHARES, Share
from vtp.recording.store import Recording, Status

MAX_SHARES = 500  # of one recording, good at the same time


class Shares:
    """Every method that takes a principal raises NotFound and Forbidden."""

    def __init__(
        self,
        database: Database,
        recordings: Recordings,
        tokens: Tokens,
        guests: GuestTokens,
        audit: AuditLog,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._recordings = recordings
        self._tokens = tokens
        self.revoked = RevokedLinks(database, SHARES, guests, clock)
        self._audit = audit
        self._clock = clock

    @done_over
    async def create(
        self, principal: Principal, recording_id: str, wish: ShareRecording, origin: Origin
    ) -> tuple[Share, str]:
        """Makes a link; gives it and its token, which is kept nowhere. Raises Conflict for too many."""
        recording = await self._recording(principal, recording_id)
        if recording.status is Status.DELETED:
            raise Gone("This recording is in the trash: nobody can be shown it.", code="recording_deleted")
        now = self._clock()
        share = Share(
            id=new_id(),
            recording_id=recording.id,
            title=wish.title,
            download=wish.download,
            created_by=principal.user_id,
            created_at=now,
            expires_at=now + timedelta(seconds=wish.expires_in_s),
        )
        async with self._database.transaction() as tx:
            if await SHARES.count_good(tx, recording.id, now) >= MAX_SHARES:
                raise Conflict(
                    f"This recording has {MAX_SHARES} good links: end some first.", code="too_many_links"
                )
            await SHARES.add(tx, share)
            details = {"link_id": share.id, "download": share.download, "title": share.title}
            await self._note(tx, Event.RECORDING_SHARED, share, principal, origin, **details)
        claims = ShareClaims(recording.id, share.download, share.id, share.expires_at)
        return share, self._tokens.sign_share(claims, now)

    async def page(
        self, principal: Principal, recording_id: str, *, limit: int, before: str | None
    ) -> list[Share]:
        """Links to a recording, newest first."""
        recording = await self._recording(principal, recording_id)
        async with self._database.read() as tx:
            return await SHARES.page(tx, recording.id, limit=limit, before=before)

    @done_over
    async def revoke(self, principal: Principal, recording_id: str, share_id: str, origin: Origin) -> Share:
        """Refuses a link from now on, also to who is watching by it; twice is no error."""
        recording = await self._recording(principal, recording_id)
        wanted = parse_id(share_id, "/path/share")
        now = self._clock()
        async with self._database.transaction() as tx:
            share = await SHARES.find(tx, recording.id, wanted)
            if share is None:
                raise NotFound("There is no such link to this recording.", code="no_such_link")
            await SHARES.revoke(tx, share.id, now)
            await self._note(tx, Event.RECORDING_SHARE_ENDED, share, principal, origin, link_id=share.id)
        return self.revoked.add(share, now)

    async def _recording(self, principal: Principal, recording_id: str) -> Recording:
        return (await self._recordings.seen_to(Action.RECORDING_SHARE, principal, recording_id)).recording

    async def _note(
        self,
        tx: AsyncConnection,
        event: Event,
        share: Share,
        by: Principal,
        origin: Origin,
        **details: object,
    ) -> None:
        subject = f"recording:{share.recording_id}"
        await self._audit.record(tx, event, origin, actor_id=by.user_id, subject=subject, details=details)
