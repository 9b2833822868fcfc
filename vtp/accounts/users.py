"""The rows of people: found by address or id, added, changed, listed. No rules here, only SQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.accounts.tokens import Rights
from vtp.db.statements import insert_if_absent
from vtp.http.identity import Role
from vtp.ids import new_id


@dataclass(frozen=True, slots=True)
class User:
    """One person's account, without the password's hash."""

    id: str
    email: str
    full_name: str
    phone: str | None
    role: Role
    requested_role: Role | None
    watch_only: bool
    email_verified_at: datetime | None
    approved_at: datetime | None
    disabled_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def verified(self) -> bool:
        """Whether the person may do more than sign in: verified by mail or approved by an admin."""
        return self.email_verified_at is not None or self.approved_at is not None

    @property
    def rights(self) -> Rights:
        """What the account lets the person do."""
        return Rights(self.role, self.verified, self.watch_only, self.disabled_at is not None)


@dataclass(frozen=True, slots=True)
class NewUser:
    """What an account begins with."""

    email: str
    password_hash: str
    full_name: str
    role: Role
    phone: str | None = None
    requested_role: Role | None = None
    watch_only: bool = False
    approved: bool = False


NO_PASSWORD = ""
"""In the place of a hash: no password is right (accounts of an OpenID provider, or not yet accepted)."""

_COLUMNS = [users.c[name] for name in User.__slots__]


async def add_user(tx: AsyncConnection, new: NewUser, now: datetime) -> User | None:
    """Adds an account; None when the address already has one."""
    values: dict[str, Any] = {
        "id": new_id(),
        "email": new.email,
        "password_hash": new.password_hash,
        "full_name": new.full_name,
        "phone": new.phone,
        "role": new.role.value,
        "requested_role": new.requested_role.value if new.requested_role else None,
        "watch_only": new.watch_only,
        "approved_at": now if new.approved else None,
        "created_at": now,
        "updated_at": now,
    }
    if not await insert_if_absent(tx, users, values):
        return None
    return await find_user(tx, values["id"])


async def find_user(tx: AsyncConnection, user_id: str, *, lock: bool = False) -> User | None:
    """The account with this id; `lock` keeps others from changing it until the transaction ends."""
    statement = select(*_COLUMNS).where(users.c.id == user_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).one_or_none()
    return _user(row) if row else None


async def lock_admins(tx: AsyncConnection) -> None:
    """Keeps others from changing who is an administrator until the transaction ends.

    To be called before any other row is locked: locked in one order, nobody waits in a circle.
    """
    statement = select(users.c.id).where(users.c.role == Role.ADMIN.value).order_by(users.c.id)
    await tx.execute(statement.with_for_update())


async def find_by_email(tx: AsyncConnection, email: str) -> tuple[User, str] | None:
    """The account with this address and its password's hash."""
    row = (
        await tx.execute(select(*_COLUMNS, users.c.password_hash).where(users.c.email == email))
    ).one_or_none()
    return (_user(row), str(row.password_hash)) if row else None


async def find_with_hash(tx: AsyncConnection, user_id: str) -> tuple[User, str] | None:
    """The account with this id and its password's hash."""
    row = (
        await tx.execute(select(*_COLUMNS, users.c.password_hash).where(users.c.id == user_id))
    ).one_or_none()
    return (_user(row), str(row.password_hash)) if row else None


async def change_user(tx: AsyncConnection, user_id: str, changes: Mapping[str, Any]) -> User | None:
    """Writes columns and gives the account as it is then."""
    values = {**changes, "updated_at": datetime.now(UTC)}
    await tx.execute(update(users).where(users.c.id == user_id).values(**values))
    return await find_user(tx, user_id)


async def count_admins(tx: AsyncConnection, *, besides: str = "") -> int:
    """How many admins can sign in."""
    statement = select(func.count()).select_from(users)
    statement = statement.where(
        users.c.role == Role.ADMIN.value, users.c.disabled_at.is_(None), users.c.id != besides
    )
    return int((await tx.execute(statement)).scalar_one())


async def page_of_users(
    tx: AsyncConnection, *, limit: int, after: str | None, pending: bool | None, search: str
) -> list[User]:
    """Accounts by id, which is by age; `pending` picks those an admin has (or has not) yet to decide on."""
    statement = select(*_COLUMNS).order_by(users.c.id).limit(limit)
    if after is not None:
        statement = statement.where(users.c.id > after)
    if pending is not None:
        undecided = or_(
            users.c.approved_at.is_(None) & users.c.email_verified_at.is_(None),
            users.c.requested_role.is_not(None),
        )
        waiting = undecided & users.c.disabled_at.is_(None)
        statement = statement.where(waiting if pending else ~waiting)
    if search:
        statement = statement.where(
            or_(
                users.c.email.icontains(search, autoescape=True),
                users.c.full_name.icontains(search, autoescape=True),
            )
        )
    return [_user(row) for row in await tx.execute(statement)]


def _user(row: Row[Any, *tuple[Any, ...]]) -> User:
    values = {name: getattr(row, name) for name in User.__slots__}
    values["role"] = Role(values["role"])
    values["requested_role"] = Role(values["requested_role"]) if values["requested_role"] else None
    return User(**values)
