"""Whose account a provider's person is.

The rule that guards it: nobody gets into an account by an address that was not proved to be theirs, here and
there (docs/decisions/0063-sign-in-by-a-provider.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Event, Origin
from vtp.accounts.notices import Happening
from vtp.accounts.oidc.faults import Reason, SignInFaultError
from vtp.accounts.oidc.identities import Identity, add_identity, find_identity, identities_of, note_use
from vtp.accounts.oidc.proofs import shown_at
from vtp.accounts.parts import AccountParts
from vtp.accounts.permissions import parse_role
from vtp.accounts.schemas import Email
from vtp.accounts.users import NO_PASSWORD, NewUser, User, change_user, find_by_email, find_user
from vtp.errors import Conflict
from vtp.http.identity import Role
from vtp.http.text import Name
from vtp.settings import OidcProvider

_ADDRESS: TypeAdapter[str] = TypeAdapter(Email)
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_MANY = "mfa"  # RFC 8176: the provider asked for more than one factor


@dataclass(frozen=True, slots=True)
class Said:
    """What a provider says of somebody; `email` only when it is an address at all. `with_second_factor`: it
    asked for more than one factor, and the operator believes that (`trust_mfa`). `shown_at`: when they
    showed it who they are, if that was a moment ago."""

    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    full_name: str
    role: Role
    with_second_factor: bool
    shown_at: datetime | None

    @classmethod
    def of(cls, claims: Mapping[str, Any], provider: OidcProvider, now: datetime) -> Self:
        """Reads claims that hold."""
        email = _address(claims.get("email"))
        methods = claims.get("amr")
        return cls(
            issuer=provider.issuer,
            subject=claims["sub"],
            email=email,
            email_verified=email is not None
            and (provider.trust_email or claims.get("email_verified") is True),
            full_name=_name(claims, email),
            role=_role(claims, provider),
            with_second_factor=provider.trust_mfa and isinstance(methods, list) and _MANY in methods,
            shown_at=shown_at(claims, now),
        )

    def identity_of(self, user_id: str, now: datetime) -> Identity:
        """The link to an account."""
        return Identity(self.issuer, self.subject, user_id, self.email, now, now)


class People:
    """Finds, makes and links accounts within the caller's transaction."""

    def __init__(self, parts: AccountParts) -> None:
        self._parts = parts

    async def recognise(
        self, tx: AsyncConnection, said: Said, provider: OidcProvider, origin: Origin, now: datetime
    ) -> User:
        """The account of who signs in: linked before, linked now, or made. Raises SignInFaultError."""
        _check_domain(said, provider)
        known = await find_identity(tx, said.issuer, said.subject)
        if known is not None:
            await note_use(tx, known, said.email, now)
            user = await find_user(tx, known.user_id)
        else:
            user = await self._newcomer(tx, said, provider, origin, now)
        if user is None or user.disabled_at is not None:
            raise SignInFaultError(Reason.ACCOUNT_DISABLED, "the account is closed")
        return user

    async def link(
        self,
        tx: AsyncConnection,
        said: Said,
        provider: OidcProvider,
        user_id: str,
        origin: Origin,
        now: datetime,
    ) -> None:
        """Links to the account of who asked for it while signed in. Raises SignInFaultError."""
        _check_domain(said, provider)
        user = await find_user(tx, user_id, lock=True)
        if user is None or user.disabled_at is not None:
            raise SignInFaultError(Reason.ACCOUNT_DISABLED, "the account is closed")
        known = await find_identity(tx, said.issuer, said.subject)
        if known is not None and known.user_id == user_id:
            return
        await self._add(tx, said, provider, user, origin, now)
        await self._parts.notices.put(tx, Happening.IDENTITY_LINKED, user, origin)

    async def _newcomer(
        self, tx: AsyncConnection, said: Said, provider: OidcProvider, origin: Origin, now: datetime
    ) -> User:
        if said.email is None:
            raise SignInFaultError(Reason.NO_EMAIL, "the provider names no address")
        if not said.email_verified:
            raise SignInFaultError(Reason.EMAIL_NOT_VERIFIED, "the provider has not verified the address")
        found = await find_by_email(tx, said.email)
        if found is None:
            user = await self._make(tx, said, provider, origin, now)
            await self._add(tx, said, provider, user, origin, now)
            return user
        user = await self._adopt(tx, said, found[0], now)
        await self._add(tx, said, provider, user, origin, now)
        await self._parts.notices.put(tx, Happening.IDENTITY_LINKED, user, origin)
        return user

    async def _adopt(self, tx: AsyncConnection, said: Said, user: User, now: datetime) -> User:
        """Takes the account of the same address, when that is beyond doubt this person's.

        Either the address was verified here too; or nobody has ever been able to sign in to it, as an admin
        made it and it has no password. Whoever registered it without proving the address must not get, or
        keep, somebody else's. Never an administrator's, and never one that the provider knows by another
        subject: addresses are given to new people.
        """
        linked = await identities_of(tx, user.id)
        unclaimed = user.approved_at is not None and not user.has_password and not linked
        ours = user.email_verified_at is not None or unclaimed
        if user.role is Role.ADMIN or not ours or any(one.issuer == said.issuer for one in linked):
            raise SignInFaultError(Reason.ACCOUNT_EXISTS, f"the address is that of {user.id}")
        if user.totp_enabled and not said.with_second_factor:  # a new way in asks for it: sign in, then link
            raise SignInFaultError(Reason.ACCOUNT_EXISTS, f"{user.id} has a second factor")
        if user.disabled_at is not None:
            raise SignInFaultError(Reason.ACCOUNT_DISABLED, "the account is closed")
        if user.email_verified_at is None:
            return await change_user(tx, user.id, {"email_verified_at": now}) or user
        return user

    async def _make(
        self, tx: AsyncConnection, said: Said, provider: OidcProvider, origin: Origin, now: datetime
    ) -> User:
        if not provider.create_accounts or said.email is None:
            raise SignInFaultError(Reason.NO_ACCOUNT, "there is no account of this address")
        new = NewUser(said.email, NO_PASSWORD, said.full_name, said.role, approved=True)
        try:
            user = await self._parts.accounts.add(tx, new, origin, actor_id=None)
        except Conflict as error:
            raise SignInFaultError(Reason.ACCOUNT_EXISTS, "it was made at the same moment") from error
        return await change_user(tx, user.id, {"email_verified_at": now}) or user

    async def _add(
        self,
        tx: AsyncConnection,
        said: Said,
        provider: OidcProvider,
        user: User,
        origin: Origin,
        now: datetime,
    ) -> None:
        if not await add_identity(tx, said.identity_of(user.id, now)):
            raise SignInFaultError(Reason.IDENTITY_TAKEN, "it is linked to another account")
        await self._parts.audit.record(
            tx,
            Event.IDENTITY_LINKED,
            origin,
            actor_id=user.id,
            subject=f"user:{user.id}",
            details={"provider": provider.name},
        )


def _check_domain(said: Said, provider: OidcProvider) -> None:
    if not provider.allowed_domains:
        return
    domain = said.email.rpartition("@")[2] if said.email and said.email_verified else None
    if domain not in provider.allowed_domains:
        raise SignInFaultError(Reason.DOMAIN_NOT_ALLOWED, "the address is of another domain")


def _address(value: object) -> str | None:
    try:
        return _ADDRESS.validate_python(value, strict=True)
    except ValidationError:
        return None


def _name(claims: Mapping[str, Any], email: str | None) -> str:
    """A name to show: the whole, or its parts, or what there is before the @."""
    parts = (claims.get("given_name"), claims.get("family_name"))
    whole = claims.get("name") or " ".join(part for part in parts if isinstance(part, str))
    for name in (whole, (email or "").partition("@")[0]):
        try:
            return _NAME.validate_python(name, strict=True)
        except ValidationError:
            continue
    return "?"


def _role(claims: Mapping[str, Any], provider: OidcProvider) -> Role:
    """The highest of the roles that the provider's words stand for; student without any."""
    words = _claim(claims, provider.role_claim) if provider.role_claim else []
    words = [words] if isinstance(words, str) else words
    named = [provider.role_map[word] for word in words if isinstance(word, str) and word in provider.role_map]
    return max((parse_role(word)[0] for word in named), key=lambda role: role.rank, default=Role.STUDENT)


def _claim(claims: Mapping[str, Any], path: str) -> list[Any] | str:
    """A claim by its name, or by the way to it (Keycloak's `realm_access.roles`)."""
    value: object = claims.get(path)
    if value is None:
        value = claims
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    return value if isinstance(value, list | str) else []
