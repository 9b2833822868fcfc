"""Signing in by a provider, from the button to the session: begin, finish, and the second factor between."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit, urlunsplit

from vtp.accounts.audit import Event, Origin
from vtp.accounts.notices import Happening
from vtp.accounts.oidc.faults import Reason, SignInFaultError
from vtp.accounts.oidc.flows import Flow, add_flow, new_secret, read_flow, take_flow
from vtp.accounts.oidc.identities import Identity, identities_of, remove_identity
from vtp.accounts.oidc.people import People, Said
from vtp.accounts.oidc.proofs import add_proof, pass_on_proof
from vtp.accounts.oidc.provider import Answered, Asked, Provider, challenge_of
from vtp.accounts.parts import AccountParts
from vtp.accounts.service import SignedIn
from vtp.accounts.sessions import is_signed_in
from vtp.accounts.users import User, find_user
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, Gone, NotFound
from vtp.http.client import network_of
from vtp.limits import WindowLimiter
from vtp.settings import OidcProvider

logger = logging.getLogger(__name__)
SIGN_IN_PAGE = "/sign-in"
STARTS_PER_ADDRESS_PER_MINUTE = (
    600  # a school behind one address, or /64 of IPv6; each start is a row for ten minutes
)
SECOND_FACTOR = "+second-factor"  # in the place of a provider's name, which has no plus


@dataclass(frozen=True, slots=True)
class Browser:
    """The browser of a call: the secret of its cookie, and the address by which it reaches this server."""

    secret: str
    base_url: str


@dataclass(frozen=True, slots=True)
class Returned:
    """What the provider's answer brings."""

    state: str
    code: str | None
    error: str | None
    issuer: str | None


@dataclass(frozen=True, slots=True)
class Finished:
    """Where the browser goes, and the session if one began."""

    location: str
    signed_in: SignedIn | None = None


class OidcSignIn:
    """Takes people to their provider and back."""

    def __init__(self, parts: AccountParts, providers: Sequence[OidcProvider]) -> None:
        self._parts = parts
        self._providers = {one.name: Provider(one) for one in providers}
        self._people = People(parts)
        self._starts = WindowLimiter(STARTS_PER_ADDRESS_PER_MINUTE, 60)

    @property
    def providers(self) -> list[OidcProvider]:
        """Those that there are, in the operator's order."""
        return [one.settings for one in self._providers.values()]

    def provider(self, name: str) -> Provider:
        """One of them. Raises NotFound."""
        if name not in self._providers:
            raise NotFound("There is no such provider: GET /api/v1/auth/oidc lists those there are.")
        return self._providers[name]

    async def start(
        self, name: str, return_to: str, browser: Browser, origin: Origin, *, anew: bool = False
    ) -> str:
        """Where the browser goes to sign in: the provider's page, or ours with an error. `anew`: the provider
        asks who it is, also somebody whom it knows. Raises NotFound."""
        provider = self.provider(name)
        flow = Flow(name, new_secret(), new_secret(), return_to, None, anew=anew)
        try:
            if self._starts.take(network_of(origin.ip), time.monotonic()) > 0:
                raise SignInFaultError(Reason.TOO_MANY, "too many sign-ins are begun")
            return await self._begin(provider, flow, browser)
        except SignInFaultError as fault:
            logger.warning("Signing in by %s cannot begin: %s", name, fault.detail)
            return error_address(flow, fault.reason)

    async def start_linking(
        self, name: str, return_to: str, browser: Browser, user: User, session_id: str
    ) -> str:
        """Where somebody signed in goes to link an identity, as long as this session of theirs goes on.

        Raises NotFound, Conflict.
        """
        provider = self.provider(name)
        try:
            flow = Flow(name, new_secret(), new_secret(), return_to, user.id, session_id)
            return await self._begin(provider, flow, browser)
        except SignInFaultError as fault:
            logger.warning("Linking by %s cannot begin: %s", name, fault.detail)
            raise Conflict("The provider does not answer: try again later.", code=fault.reason) from fault

    async def finish(self, name: str, returned: Returned, browser: Browser, origin: Origin) -> Finished:
        """Takes the provider's answer. Raises NotFound for another name; all else is told to the page."""
        provider = self.provider(name)
        now = self._parts.clock()
        flow = await self._take(name, returned.state, browser, now)
        try:
            if flow is None:
                raise SignInFaultError(Reason.FLOW_EXPIRED, "no flow of this browser")
            said = await self._hear(provider, flow, returned, browser, now)
            return await self._admit(provider, flow, said, browser, origin)
        except SignInFaultError as fault:
            await self._note_fault(name, fault, flow, origin)
            return Finished(error_address(flow, fault.reason))

    async def _take(self, name: str, state: str, browser: Browser, now: datetime) -> Flow | None:
        """The flow that a browser comes back to. Anybody may send states that nobody began: those are looked
        for without the writer's turn."""
        async with self._parts.database.read() as tx:
            if await read_flow(tx, name, state, browser.secret, now) is None:
                return None
        async with self._parts.database.transaction() as tx:
            return await take_flow(tx, name, state, browser.secret, now)

    async def confirm(self, ticket: str, code: str, browser: Browser, origin: Origin) -> SignedIn:
        """Ends a sign-in that waited for the code of a second factor.

        Raises Gone for a ticket that is used, expired or another browser's, and what SecondFactor.check does.
        """
        now = self._parts.clock()
        async with self._parts.database.read() as tx:
            flow = await read_flow(tx, SECOND_FACTOR, ticket, browser.secret, now)
            user = await find_user(tx, flow.user_id) if flow and flow.user_id else None
        if user is None:
            raise _ticket_used()
        await self._parts.second_factor.check_at_sign_in(user, code, origin)
        async with self._parts.database.transaction() as tx:
            user = await find_user(tx, user.id)
            taken = await take_flow(tx, SECOND_FACTOR, ticket, browser.secret, now)
            if taken is None or user is None or user.disabled_at is not None:
                raise _ticket_used()
            await self._parts.accounts.tell_of_new_device(tx, user, origin)
            signed_in = await self._parts.accounts.begin_session(tx, user, origin)
            await pass_on_proof(tx, ticket, signed_in.session.id)
        return signed_in

    async def identities(self, user_id: str) -> list[Identity]:
        """What is linked to an account."""
        async with self._parts.database.read() as tx:
            return await identities_of(tx, user_id)

    @done_over
    async def unlink(self, user_id: str, identity_id: str, origin: Origin) -> None:
        """Unlinks. Raises NotFound, and Conflict for the last way in."""
        async with self._parts.database.transaction() as tx:
            user = await find_user(tx, user_id, lock=True)
            linked = await identities_of(tx, user_id)
            found = next((one for one in linked if one.id == identity_id), None)
            if user is None or found is None:
                raise NotFound("Your account has no such identity.")
            if not user.has_password and len(linked) == 1:
                raise Conflict(
                    "This is your only way to sign in: set a password first, by the link of a forgotten one.",
                    code="last_sign_in",
                )
            await remove_identity(tx, found)
            await self._parts.audit.record(
                tx,
                Event.IDENTITY_UNLINKED,
                origin,
                actor_id=user_id,
                subject=f"user:{user_id}",
                details={"issuer": found.issuer},
            )
            await self._parts.notices.put(tx, Happening.IDENTITY_UNLINKED, user, origin)

    @done_over
    async def _begin(self, provider: Provider, flow: Flow, browser: Browser) -> str:
        state, redirect_uri = new_secret(), callback_address(browser.base_url, flow.provider)
        challenge = challenge_of(flow.code_verifier)
        location = await provider.address(Asked(redirect_uri, state, flow.nonce, challenge, flow.anew))
        async with self._parts.database.transaction() as tx:
            await add_flow(tx, flow, state, browser.secret, self._parts.clock())
        return location

    async def _hear(
        self, provider: Provider, flow: Flow, returned: Returned, browser: Browser, now: datetime
    ) -> Said:
        """What the provider says of the person. Raises SignInFaultError."""
        await provider.check_issuer(returned.issuer)
        if returned.error is not None:
            raise SignInFaultError(_reason_of(returned.error), f"the provider says {returned.error[:64]!r}")
        if not returned.code:
            raise SignInFaultError(Reason.INVALID_TOKEN, "the answer has no code")
        redirect_uri = callback_address(browser.base_url, flow.provider)
        answered = Answered(returned.code, flow.code_verifier, redirect_uri, flow.nonce)
        said = Said.of(await provider.claims(answered, now), provider.settings, now)
        if flow.anew and said.shown_at is None:  # a request goes through the browser, which may change it
            raise SignInFaultError(Reason.NOT_ASKED_ANEW, "its auth_time is missing, or of long ago")
        return said

    @done_over
    async def _admit(
        self, provider: Provider, flow: Flow, said: Said, browser: Browser, origin: Origin
    ) -> Finished:
        """Links, or begins a session, or asks for the second factor first. Raises SignInFaultError."""
        now = self._parts.clock()
        settings = provider.settings
        async with self._parts.database.transaction() as tx:
            if flow.user_id is not None:
                if not await is_signed_in(tx, flow.user_id, flow.session_id or "", now):
                    raise SignInFaultError(Reason.FLOW_EXPIRED, "the session that links has ended meanwhile")
                await self._people.link(tx, said, settings, flow.user_id, origin, now)
                return Finished(with_query(flow.return_to, linked=settings.name))
            user = await self._people.recognise(tx, said, settings, origin, now)
            if user.totp_enabled and not said.with_second_factor:
                ticket = new_secret()
                waiting = Flow(SECOND_FACTOR, "", "", flow.return_to, user.id)
                await add_flow(tx, waiting, ticket, browser.secret, now)
                if said.shown_at is not None:
                    await add_proof(tx, ticket, user.id, said.shown_at)
                page = with_query(SIGN_IN_PAGE, second_factor=ticket, return_to=flow.return_to)
                return Finished(page)
            await self._parts.accounts.tell_of_new_device(tx, user, origin)
            signed_in = await self._parts.accounts.begin_session(tx, user, origin)
            if said.shown_at is not None:
                await add_proof(tx, signed_in.session.id, user.id, said.shown_at)
        return Finished(flow.return_to, signed_in)

    async def _note_fault(
        self, name: str, fault: SignInFaultError, flow: Flow | None, origin: Origin
    ) -> None:
        logger.warning("A sign-in by %s failed: %s", name, fault.detail)
        subject = f"user:{flow.user_id}" if flow and flow.user_id else ""
        details = {"reason": fault.reason.value, "provider": name}
        await self._parts.audit.note_refused(Event.SIGN_IN_REFUSED, origin, subject=subject, details=details)


def callback_address(base_url: str, name: str) -> str:
    """The address that the provider must know: it sends people back there."""
    return f"{base_url}/api/v1/auth/oidc/{name}/callback"


def error_address(flow: Flow | None, reason: Reason) -> str:
    """Where somebody goes whose sign-in failed, to go on from; who was linking, to where they came from."""
    if flow is None:
        return with_query(SIGN_IN_PAGE, error=reason.value)
    if flow.user_id is not None:
        return with_query(flow.return_to, error=reason.value)
    # Who goes on must still be asked anew; but not by a provider that does not say that it has asked.
    anew = {"anew": "true"} if flow.anew and reason is not Reason.NOT_ASKED_ANEW else {}
    return with_query(SIGN_IN_PAGE, error=reason.value, next=flow.return_to, **anew)


def with_query(path: str, **more: str) -> str:
    """Adds to the query of one of our own paths."""
    parts = urlsplit(path)
    query = "&".join(part for part in (parts.query, urlencode(more)) if part)
    return urlunsplit(("", "", parts.path, query, parts.fragment))


def _reason_of(error: str) -> Reason:
    denied = ("access_denied", "consent_required", "login_required", "interaction_required")
    return Reason.DENIED if error in denied else Reason.PROVIDER_REFUSED


def _ticket_used() -> Gone:
    return Gone("This sign-in has expired or is another browser's: begin anew.", code="flow_expired")
