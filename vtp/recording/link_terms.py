"""Whether a link to a recording is still good: as long as who made it may share that recording."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action
from vtp.accounts.users import find_user
from vtp.errors import NotSignedIn
from vtp.http.identity import Principal
from vtp.recording.audience import Audience
from vtp.recording.holders import person_of
from vtp.recording.seen import see
from vtp.recording.share_store import SHARES
from vtp.recording.store import Recording


async def require_good_link(
    tx: AsyncConnection, audience: Audience, principal: Principal, recording: Recording
) -> None:
    """Raises NotSignedIn for a link whose maker is gone, shut out, or may not share this any more.

    It rests meanwhile, and is good again when they may.
    """
    if principal.recording != recording.id:
        return  # which opens nothing here, whoever made it
    share = await SHARES.find(tx, recording.id, principal.token_id)
    maker = await find_user(tx, share.created_by) if share is not None and share.created_by else None
    maker = None if maker is None or maker.disabled_at is not None else maker
    if maker is not None:
        seen = await see(tx, audience, person_of(maker), recording)
        if seen.may(Action.RECORDING_SHARE):
            return
    raise NotSignedIn("This link is not good any more: ask for another.", code="token_revoked")
