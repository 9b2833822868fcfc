"""Tokens that are sent by mail: 32 random bytes, of which the hash is stored; good once, for a while, and for
the address that they were sent to.
"""

from __future__ import annotations

import enum
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.sessions import hash_token
from vtp.accounts.tables import account_tokens
from vtp.errors import Gone

_TOKEN_BYTES = 32


class Purpose(enum.StrEnum):
    """What a token is for."""

    VERIFY_EMAIL = "verify_email"
    CHANGE_EMAIL = "change_email"
    RESET_PASSWORD = "reset_password"


@dataclass(frozen=True, slots=True)
class MailToken:
    """What a token that is good says."""

    user_id: str
    purpose: Purpose
    email: str


def link_used() -> Gone:
    """The refusal of a link that was used, has expired, or never was."""
    return Gone("This link was used or has expired: ask for a new one.", code="link_used")


def new_token() -> str:
    """The text of a token."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


async def issue(
    tx: AsyncConnection, user_id: str, purpose: Purpose, email: str, *, ttl: timedelta, now: datetime
) -> str:
    """Makes a token; forgets what expired long ago."""
    token = new_token()
    await tx.execute(delete(account_tokens).where(account_tokens.c.expires_at < now - timedelta(days=7)))
    await tx.execute(
        insert(account_tokens).values(
            token_hash=hash_token(token),
            user_id=user_id,
            purpose=purpose.value,
            email=email,
            created_at=now,
            expires_at=now + ttl,
        )
    )
    return token


async def look(tx: AsyncConnection, token: str, purposes: Iterable[Purpose], now: datetime) -> MailToken:
    """What a token says, without using it up. Raises Gone."""
    statement = select(account_tokens.c.user_id, account_tokens.c.purpose, account_tokens.c.email).where(
        account_tokens.c.token_hash == hash_token(token),
        account_tokens.c.purpose.in_([purpose.value for purpose in purposes]),
        account_tokens.c.used_at.is_(None),
        account_tokens.c.expires_at > now,
    )
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise link_used()
    return MailToken(row.user_id, Purpose(row.purpose), row.email)


async def use(tx: AsyncConnection, token: str, purposes: Iterable[Purpose], now: datetime) -> MailToken:
    """Uses a token up and gives what it says. Raises Gone; of two who use it at once, for one of them."""
    found = await look(tx, token, purposes, now)
    used = await tx.execute(
        update(account_tokens)
        .where(account_tokens.c.token_hash == hash_token(token), account_tokens.c.used_at.is_(None))
        .values(used_at=now)
    )
    if used.rowcount != 1:
        raise link_used()
    return found


async def retire(tx: AsyncConnection, user_id: str, purposes: Iterable[Purpose], now: datetime) -> None:
    """Makes all of somebody's links for these purposes void."""
    words = [purpose.value for purpose in purposes]
    await tx.execute(
        update(account_tokens)
        .where(
            account_tokens.c.user_id == user_id,
            account_tokens.c.purpose.in_(words),
            account_tokens.c.used_at.is_(None),
        )
        .values(used_at=now)
    )
