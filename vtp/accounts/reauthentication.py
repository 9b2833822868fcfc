"""Asks again who somebody is, before what would let a thief of their session stay (OWASP ASVS 5.0, 7.5.1)."""

from datetime import timedelta

from vtp.accounts.audit import Origin
from vtp.accounts.parts import AccountParts
from vtp.accounts.service import account_of
from vtp.accounts.users import User
from vtp.errors import NotSignedIn
from vtp.http.identity import Principal

FRESH = timedelta(minutes=10)


class Reauthentication:
    """By the password; or, where there is none, by having signed in a moment ago."""

    def __init__(self, parts: AccountParts) -> None:
        self._parts = parts

    async def confirm(self, principal: Principal, password: str | None, origin: Origin) -> User:
        """Gives the caller's account.

        Raises NotSignedIn (`wrong_password`, `reauth_required`), RateLimited.
        """
        user = await self._parts.accounts.profile(principal)
        if user.has_password:
            return await self._parts.accounts.confirm_password(principal, password or "", origin)
        if not await self.is_fresh(principal):
            raise NotSignedIn(
                "It is long ago that you signed in: sign in once more, then repeat this.",
                code="reauth_required",
            )
        return user

    async def confirm_freshly(self, principal: Principal, password: str | None, origin: Origin) -> User:
        """The same for what needs no password from who has one and signed in a moment ago."""
        if password is None and await self.is_fresh(principal):
            return await self._parts.accounts.profile(principal)
        return await self.confirm(principal, password, origin)

    async def is_fresh(self, principal: Principal) -> bool:
        """Tells whether the caller's session began a moment ago."""
        account_of(principal)
        if principal.session_id is None:
            return False
        async with self._parts.database.read() as tx:
            session = await self._parts.sessions.find(tx, principal.session_id)
        return session is not None and self._parts.clock() - session.created_at < FRESH
