"""Whether an address is its account's: if so, what went to it and names no account is told and erased too."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import invitations
from vtp.accounts.users import User, can_sign_in


async def mailbox_of(tx: AsyncConnection, user: User) -> str:
    """The account's address, or "" where nothing but a registration says that it is theirs.

    It is theirs who confirmed it, or accepted an invitation to it; and of an account in which nobody can sign
    in yet, for an administrator made that one for who has the address.
    """
    if user.email_verified_at is not None or not await can_sign_in(tx, user.id):
        return user.email
    c = invitations.c
    accepted = select(c.id).where(c.accepted_by == user.id, c.email == user.email).limit(1)
    return user.email if (await tx.execute(accepted)).first() is not None else ""
