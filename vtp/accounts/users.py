"""The rows of people: found by address or id, added, changed, listed. No rules here, only SQL."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import external_identities, users
from vtp.accounts.tokens import Rights
from vtp.db.prepared import Prepared, Source
from vtp.db.statements import insert_if_absent
from vtp.db.types import UtcDateTime
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
    approval_withdrawn_at: datetime | None
    disabled_at: datetime | None
    created_at: datetime
    updated_at: datetime
    totp_enabled_at: datetime | None
    has_password: bool
    picture_key: str | None = None

    @property
    def picture_url(self) -> str | None:
        """Where the picture is served; another picture has another address, so that it may be kept."""
        if self.picture_key is None:
            return None
        return f"/api/v1/users/{self.id}/picture?v={PurePosixPath(self.picture_key).stem}"

    @property
    def totp_enabled(self) -> bool:
        """Whether signing in with the password asks for a code too."""
        return self.totp_enabled_at is not None

    @property
    def verified(self) -> bool:
        """Whether the person may do more than sign in: verified by mail or approved by an admin, who has not
        taken that back."""
        admitted = self.email_verified_at is not None or self.approved_at is not None
        return admitted and not self.approval_withdrawn

    @property
    def approval_withdrawn(self) -> bool:
        """Whether an administrator has taken the approval back: then only another one lets the person in."""
        return self.approval_withdrawn_at is not None

    @property
    def rights(self) -> Rights:
        """What the account lets the person do."""
        return Rights(
            self.role, self.verified, self.watch_only, self.disabled_at is not None, self.totp_enabled
        )


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
    approved_by: str | None = None


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Which accounts to list; what is None does not matter.

    `pending` picks those an admin has (or has not) yet to decide on.
    """

    pending: bool | None = None
    search: str = ""
    role: Role | None = None
    disabled: bool | None = None


NO_PASSWORD = ""
"""In the place of a hash: no password is right (accounts of an OpenID provider, or not yet accepted)."""
_ROLES = [User.__slots__.index(name) for name in ("role", "requested_role")]
_HAS_PASSWORD = (users.c.password_hash != NO_PASSWORD).label("has_password")
_COLUMNS = [_HAS_PASSWORD if name == "has_password" else users.c[name] for name in User.__slots__]
BY_ID = select(*_COLUMNS).where(users.c.id == bindparam("user_id"), users.c.erased_at.is_(None))
"""Of `user_id`; what it finds is for `user_of`."""
_FIND, _LOCK = Prepared(BY_ID), Prepared(BY_ID.with_for_update())
_WITH_HASH = select(*_COLUMNS, users.c.password_hash).where(
    users.c.email == bindparam("email"), users.c.erased_at.is_(None)
)
_CHANGED = Prepared(
    select(*_COLUMNS).where(users.c.rights_changed_at >= bindparam("since", type_=UtcDateTime()))
)
# The columns that User.rights is made of.
_RIGHTS = frozenset(
    {
        "role",
        "watch_only",
        "approved_at",
        "approval_withdrawn_at",
        "email_verified_at",
        "disabled_at",
        "totp_enabled_at",
    }
)


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
        "approved_by": new.approved_by,
        "created_at": now,
        "updated_at": now,
    }
    if not await insert_if_absent(tx, users, values):
        return None
    return await find_user(tx, values["id"])


async def find_user(source: Source, user_id: str, *, lock: bool = False) -> User | None:
    """The account with this id; `lock` keeps others from changing it until the transaction ends."""
    row = await (_LOCK if lock else _FIND).row(source, {"user_id": user_id})
    return user_of(row) if row else None


async def lock_admins(tx: AsyncConnection) -> None:
    """Keeps others from changing who is an administrator until the transaction ends.

    To be called before any other row is locked: locked in one order, nobody waits in a circle.
    """
    statement = select(users.c.id).where(users.c.role == Role.ADMIN.value).order_by(users.c.id)
    await tx.execute(statement.with_for_update())


async def find_by_email(tx: AsyncConnection, email: str) -> tuple[User, str] | None:
    """The account with this address and its password's hash."""
    row = (await tx.execute(_WITH_HASH, {"email": email})).one_or_none()
    return (user_of(row), str(row.password_hash)) if row else None


async def known_addresses(tx: AsyncConnection, emails: Iterable[str]) -> set[str]:
    """Those of some addresses that have an account."""
    return set((await tx.execute(select(users.c.email).where(users.c.email.in_(list(emails))))).scalars())


async def accounts_named(
    tx: AsyncConnection, emails: Collection[str], ids: Collection[str]
) -> dict[str, str]:
    """The ids of those accounts that have one of these addresses or ids and are not disabled, by either."""
    by = ((users.c.email, emails), (users.c.id, ids))
    named = [column.in_(names) for column, names in by if names]
    if not named:
        return {}
    usable = or_(*named), users.c.disabled_at.is_(None), users.c.erased_at.is_(None)
    found = [
        (row.id, row.email) for row in await tx.execute(select(users.c.id, users.c.email).where(*usable))
    ]
    return {name: user_id for user_id, email in found for name in (user_id, email)}


async def names_of(tx: AsyncConnection, user_ids: Collection[str]) -> dict[str, str]:
    """What these are called, of those that are accounts."""
    if not user_ids:
        return {}
    wanted = select(users.c.id, users.c.full_name).where(users.c.id.in_(sorted(user_ids)))
    return {row[0]: row[1] for row in await tx.execute(wanted)}


async def find_with_hash(tx: AsyncConnection, user_id: str) -> tuple[User, str] | None:
    """The account with this id and its password's hash."""
    row = (
        await tx.execute(
            select(*_COLUMNS, users.c.password_hash).where(users.c.id == user_id, users.c.erased_at.is_(None))
        )
    ).one_or_none()
    return (user_of(row), str(row.password_hash)) if row else None


async def lock_with_hash(tx: AsyncConnection, user_id: str, password_hash: str) -> bool:
    """Keeps others from changing an account until the transaction ends; False when its password's hash is
    another one by now."""
    same = users.c.id == user_id, users.c.password_hash == password_hash, users.c.erased_at.is_(None)
    return (await tx.execute(select(users.c.id).where(*same).with_for_update())).first() is not None


async def change_user(tx: AsyncConnection, user_id: str, changes: Mapping[str, Any]) -> User | None:
    """Writes columns and gives the account as it is then; other processes find changed rights by time."""
    values = {**changes, "updated_at": datetime.now(UTC)}
    if not _RIGHTS.isdisjoint(changes):
        values["rights_changed_at"] = values["updated_at"]
    await tx.execute(update(users).where(users.c.id == user_id).values(**values))
    return await find_user(tx, user_id)


async def can_sign_in(tx: AsyncConnection, user_id: str) -> bool:
    """Whether an account has a password or an account elsewhere: who was only invited has neither yet."""
    statement = select(users.c.id).where(users.c.id == user_id, _has_a_way_in())
    return (await tx.execute(statement)).first() is not None


async def users_changed_since(tx: AsyncConnection, since: datetime) -> list[User]:
    """Accounts whose rights were changed lately."""
    return [user_of(row) for row in await _CHANGED.rows(tx, {"since": since})]


async def count_admins(tx: AsyncConnection, *, besides: str = "") -> int:
    """How many admins can sign in and may do something then."""
    statement = select(func.count()).select_from(users)
    statement = statement.where(
        users.c.role == Role.ADMIN.value,
        users.c.disabled_at.is_(None),
        users.c.approval_withdrawn_at.is_(None),
        users.c.id != besides,
        _has_a_way_in(),
    )
    return int((await tx.execute(statement)).scalar_one())


def _has_a_way_in() -> ColumnElement[bool]:
    elsewhere = exists().where(external_identities.c.user_id == users.c.id)
    return or_(users.c.password_hash != NO_PASSWORD, elsewhere)


async def page_of_users(
    tx: AsyncConnection, wanted: UserFilter, *, limit: int, after: str | None
) -> list[User]:
    """Accounts by id, which is by age."""
    statement = select(*_COLUMNS).where(users.c.erased_at.is_(None)).order_by(users.c.id).limit(limit)
    if after is not None:
        statement = statement.where(users.c.id > after)
    return [user_of(row) for row in await tx.execute(statement.where(*_conditions(wanted)))]


def _conditions(wanted: UserFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.pending is not None:
        undecided = or_(
            users.c.approved_at.is_(None) & users.c.email_verified_at.is_(None),
            users.c.approval_withdrawn_at.is_not(None),
            users.c.requested_role.is_not(None),
        )
        waiting = undecided & users.c.disabled_at.is_(None)
        yield waiting if wanted.pending else ~waiting
    if wanted.search:
        yield or_(
            users.c.email.icontains(wanted.search, autoescape=True),
            users.c.full_name.icontains(wanted.search, autoescape=True),
        )
    if wanted.role is not None:
        yield users.c.role == wanted.role.value
    if wanted.disabled is not None:
        yield users.c.disabled_at.is_not(None) if wanted.disabled else users.c.disabled_at.is_(None)


def user_of(row: Sequence[Any]) -> User:
    """Of a row that begins with _COLUMNS."""
    values = list(row[: len(_COLUMNS)])
    for place in _ROLES:
        values[place] = Role(values[place]) if values[place] else None
    return User(*values)
