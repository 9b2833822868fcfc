"""The rows of who somebody is at a provider: issuer and subject, and the account that is theirs here."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import external_identities
from vtp.db.statements import insert_if_absent

_ROWS = external_identities
_ID_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class Identity:
    """One person at one provider."""

    issuer: str
    subject: str
    user_id: str
    email: str | None
    created_at: datetime
    last_used_at: datetime | None

    @property
    def id(self) -> str:
        """A name for it in addresses."""
        return hashlib.sha256(f"{self.issuer}\0{self.subject}".encode()).hexdigest()[:_ID_CHARACTERS]


_COLUMNS = [_ROWS.c[name] for name in Identity.__slots__]


async def find_identity(tx: AsyncConnection, issuer: str, subject: str) -> Identity | None:
    """The identity of a provider's subject."""
    statement = select(*_COLUMNS).where(_ROWS.c.issuer == issuer, _ROWS.c.subject == subject)
    row = (await tx.execute(statement)).one_or_none()
    return Identity(*row) if row else None


async def identities_of(tx: AsyncConnection, user_id: str) -> list[Identity]:
    """Everything that is linked to an account, the oldest first."""
    statement = select(*_COLUMNS).where(_ROWS.c.user_id == user_id).order_by(_ROWS.c.created_at)
    return [Identity(*row) for row in await tx.execute(statement)]


async def add_identity(tx: AsyncConnection, identity: Identity) -> bool:
    """Links; False when the subject is linked already, to whomever."""
    return await insert_if_absent(tx, _ROWS, {name: getattr(identity, name) for name in Identity.__slots__})


async def note_use(tx: AsyncConnection, identity: Identity, email: str | None, now: datetime) -> None:
    """Remembers that somebody signed in by it, and the address that the provider knows now."""
    await tx.execute(
        update(_ROWS)
        .where(_ROWS.c.issuer == identity.issuer, _ROWS.c.subject == identity.subject)
        .values(last_used_at=now, email=email or identity.email)
    )


async def remove_identity(tx: AsyncConnection, identity: Identity) -> None:
    """Unlinks."""
    await tx.execute(
        delete(_ROWS).where(_ROWS.c.issuer == identity.issuer, _ROWS.c.subject == identity.subject)
    )
