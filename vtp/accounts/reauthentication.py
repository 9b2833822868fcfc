"""Asks again who somebody is, before what would let a thief of their session stay (OWASP ASVS 5.0, 7.5.1)."""

from datetime import timedelta

from vtp.accounts.audit import Origin
from vtp.accounts.oidc.identities import identities_of
from vtp.accounts.oidc.proofs import is_proved
from vtp.accounts.parts import AccountParts
from vtp.accounts.service import account_of
from vtp.accounts.users import User
from vtp.errors import NotSignedIn
from vtp.http.identity import Principal

FRESH = timedelta(minutes=10)


class Reauthentication:
    """By the password; or, where there is none, by having shown who one is at one's provider a moment ago."""

    def __init__(self, parts: AccountParts) -> None:
        self._parts = parts

    async def confirm(self, principal: Principal, password: str | None, origin: Origin) -> User:
        """Gives the caller's account.

        Raises NotSignedIn (`wrong_password`, `reauth_required`), RateLimited.
        """
        user = await self._parts.accounts.profile(principal)
        if user.has_password and not password:  # no guess: pages ask so whether it is wanted
            raise NotSignedIn("Say your password once more, then repeat this.", code="wrong_password")
        if password and user.has_password:
            return await self._parts.accounts.confirm_password(principal, password, origin)
        if not await self.is_fresh(principal):
            raise NotSignedIn(
                "It is a while since your provider asked who you are: sign in once more, then repeat this.",
                code="reauth_required",
            )
        return user

    async def confirm_freshly(self, principal: Principal, password: str | None, origin: Origin) -> User:
        """The same for what needs no password from who has one and signed in by it a moment ago."""
        if password is None and await self.is_fresh(principal):
            return await self._parts.accounts.profile(principal)
        return await self.confirm(principal, password, origin)

    async def is_fresh(self, principal: Principal) -> bool:
        """Tells whether the caller's session began a moment ago, and by what they showed then.

        Who has a provider may have signed in by what it knew of their browser: it must have said that it
        asked them. Accounts without one have been signed in to by the password.
        """
        user_id, now = account_of(principal), self._parts.clock()
        if principal.session_id is None:
            return False
        async with self._parts.database.read() as tx:
            session = await self._parts.sessions.find(tx, principal.session_id)
            if session is None or now - session.created_at >= FRESH:
                return False
            return await is_proved(tx, session.id, now) or not await identities_of(tx, user_id)
