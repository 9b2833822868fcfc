"""Ends at a restore what lets people in: what was revoked since the backup would be good again otherwise.

The backup knows nothing of what was ended after it was made, so that all sessions end, and links that were
sent and not used yet are void. Links to rooms and recordings stay: many hold them, and nobody could send them
anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Update, delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import account_tokens, invitations, oidc_flows, sessions, setup_tokens
from vtp.mail.outbox import MailKind
from vtp.mail.tables import mails

REASON: Final = "restored"
_WITH_LINKS: Final = (
    MailKind.VERIFY_EMAIL,
    MailKind.CHANGE_EMAIL,
    MailKind.RESET_PASSWORD,
    MailKind.INVITATION,
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How many of each were good."""

    sessions: int
    links: int
    invitations: int


async def end_ways_in(tx: AsyncConnection, now: datetime) -> Ended:
    """Ends sessions, links of mails, open invitations, the link of the first administrator, and sign-ins that
    are at their provider; mails with such links that wait are sent no more."""
    s, t, i = sessions.c, account_tokens.c, invitations.c
    alive = update(sessions).where(s.revoked_at.is_(None), s.expires_at > now, s.idle_expires_at > now)
    unused = update(account_tokens).where(t.used_at.is_(None), t.expires_at > now)
    open_ = update(invitations).where(i.accepted_at.is_(None), i.revoked_at.is_(None), i.expires_at > now)
    ended = Ended(
        await _count(tx, alive, {"revoked_at": now, "revoked_reason": REASON}),
        await _count(tx, unused, {"used_at": now}),
        await _count(tx, open_, {"revoked_at": now}),
    )
    setup = setup_tokens.c.used_at.is_(None), setup_tokens.c.expires_at > now
    await tx.execute(update(setup_tokens).where(*setup).values(used_at=now))
    await tx.execute(delete(oidc_flows))
    await tx.execute(delete(mails).where(mails.c.kind.in_(_WITH_LINKS), mails.c.sent_at.is_(None)))
    return ended


async def _count(tx: AsyncConnection, statement: Update, values: dict[str, Any]) -> int:
    return (await tx.execute(statement.values(**values))).rowcount
