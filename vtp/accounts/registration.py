"""Registering: an account with the role student, and a link to confirm its address."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.accounts.audit import Origin
from vtp.accounts.parts import AccountParts
from vtp.accounts.permissions import parse_role
from vtp.accounts.users import NewUser, User
from vtp.accounts.verification import Verification
from vtp.db.conflicts import done_over
from vtp.errors import Forbidden
from vtp.http.identity import Role


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody who registers says."""

    email: str
    password: str
    full_name: str
    phone: str | None
    role_word: str


class Registration:
    """How people make accounts for themselves."""

    def __init__(self, parts: AccountParts, verification: Verification) -> None:
        self._parts = parts
        self._verification = verification

    @property
    def by_mail(self) -> bool:
        """Whether confirming the address is enough to enter rooms."""
        return self._parts.settings.accounts.approval == "mail"

    @done_over
    async def register(self, wish: Wish, origin: Origin) -> User:
        """Makes an account with the role student; another role asked for waits for an admin.

        Raises Invalid for a weak password, Conflict for an address that has an account, Forbidden when
        registration is closed.
        """
        if self._parts.settings.accounts.registration == "closed":
            raise Forbidden(
                "Registration is closed here: ask an administrator for an account.",
                code="registration_closed",
            )
        role, watch_only = parse_role(wish.role_word)
        accounts = self._parts.accounts
        claim = accounts.lockout.stranger(origin)
        new = NewUser(
            email=wish.email,
            password_hash=await accounts.hash_new(wish.password, wish.email, wish.full_name, claim=claim),
            full_name=wish.full_name,
            role=Role.STUDENT,
            phone=wish.phone,
            requested_role=None if role is Role.STUDENT else role,
            watch_only=watch_only,
        )
        async with self._parts.database.transaction() as tx:
            user = await accounts.add(tx, new, origin, actor_id=None)
            if self.by_mail:
                await self._verification.send(tx, user)
            return user

    def welcome(self, user: User) -> str:
        """What somebody who has registered is to do next."""
        ready = "Your account is ready"
        if user.requested_role is not None:
            ready += (
                f" with the role student; the role {user.requested_role} is waiting for an administrator's "
                "approval"
            )
        if self.by_mail and self._parts.mails.sends:
            return f"{ready}. To enter rooms, follow the link that was mailed to your address."
        return f"{ready}. You can sign in now, and enter rooms once an administrator has approved it."
