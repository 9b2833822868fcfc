"""Signing in by a provider over HTTP; `start` and `callback` are addresses that a browser goes to."""

import re
from typing import Any, Final

from aiohttp import web

from vtp.accounts.devices import Devices
from vtp.accounts.oidc.flows import LIFETIME, new_secret
from vtp.accounts.oidc.identities import Identity
from vtp.accounts.oidc.schemas import (
    CallbackQuery,
    ConfirmRequest,
    IdentitiesReply,
    IdentityReply,
    LinkReply,
    LinkRequest,
    ProviderReply,
    ProvidersReply,
    StartQuery,
    UnlinkRequest,
)
from vtp.accounts.oidc.sign_in import Browser, OidcSignIn, Returned
from vtp.accounts.reauthentication import Reauthentication
from vtp.accounts.replies import client_of, login_reply, origin_of, remember_device, set_refresh_cookie
from vtp.accounts.schemas import LoginReply
from vtp.accounts.service import account_of
from vtp.http.routing import Access, Call, Limit, RouteTable

AT = "/api/v1/auth/oidc"
SECURE_NAME = "__Host-vtp_oidc"  # set by this very host over TLS, and by no other (RFC 6265bis)
PLAIN_NAME = "vtp_oidc"  # on localhost, where there is no TLS
_VISITED: Final[dict[str, Any]] = {"access": Access.PUBLIC, "status": 302, "errors": (404,)}
"""Of addresses that a browser goes to."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def build_routes(oidc: OidcSignIn, people: Reauthentication, devices: Devices) -> RouteTable:
    """Declares everything under `/api/v1/auth/oidc`, and one's own identities."""
    table = RouteTable("sign-in by provider", "OpenID Connect: the school's own accounts.")
    _signing_in(table, oidc, devices)
    _confirming(table, oidc, devices)
    _linking(table, oidc, people)
    return table


def _signing_in(table: RouteTable, oidc: OidcSignIn, devices: Devices) -> None:
    @table.get(AT, reply=ProvidersReply, access=Access.PUBLIC, summary="List the providers to sign in by")
    async def list_providers(call: Call) -> ProvidersReply:
        found = [ProviderReply(name=one.name, title=one.title or one.name) for one in oidc.providers]
        return ProvidersReply(providers=found)

    @table.get(
        f"{AT}/{{name}}/start",
        query=StartQuery,
        **_VISITED,
        summary="Go to a provider to sign in",
        description="A browser's address, not a call: leads to the provider, and from there back.",
    )
    async def start_sign_in(call: Call) -> web.StreamResponse:
        if call.request.headers.get("Sec-Fetch-Site", "").lower() == "cross-site":
            return _redirect("/sign-in")  # no other site's page signs anybody in (OWASP ASVS 5.0, 7.6.2)
        browser = _browser(call)
        query: StartQuery = call.query
        name, origin = call.path["name"], origin_of(call)
        location = await oidc.start(name, query.return_to, browser, origin, anew=query.anew)
        call.reply_cookies.append(_cookie(call, browser))
        return _redirect(location)

    @table.get(
        f"{AT}/{{name}}/callback",
        query=CallbackQuery,
        **_VISITED,
        summary="Come back from a provider",
        description="Leads to where the sign-in began, signed in; or to `/sign-in?error=CODE&next=PATH`.",
    )
    async def finish_sign_in(call: Call) -> web.StreamResponse:
        query: CallbackQuery = call.query
        returned = Returned(query.state or "", query.code, query.error, query.iss)
        finished = await oidc.finish(call.path["name"], returned, _browser(call), origin_of(call))
        if finished.signed_in is not None:
            set_refresh_cookie(call, finished.signed_in)
            remember_device(call, devices, finished.signed_in.user.email)
        return _redirect(finished.location)


def _confirming(table: RouteTable, oidc: OidcSignIn, devices: Devices) -> None:
    @table.post(
        f"{AT}/second-factor",
        body=ConfirmRequest,
        reply=LoginReply,
        access=Access.PUBLIC,
        limit=Limit.LINK,
        summary="End a sign-in that waits for a second factor",
        description="By the browser that began it, with `second_factor` of the page's address.",
        errors=(401, 409, 410, 429),
    )
    async def confirm_sign_in(call: Call) -> LoginReply:
        body: ConfirmRequest = call.body
        signed_in = await oidc.confirm(body.second_factor, body.code, _browser(call), origin_of(call))
        return login_reply(call, signed_in, devices, cookie_only=body.cookie)


def _linking(table: RouteTable, oidc: OidcSignIn, people: Reauthentication) -> None:
    @table.post(
        f"{AT}/{{name}}/link",
        body=LinkRequest,
        body_required=False,
        reply=LinkReply,
        access=Access.VERIFIED,  # who registered somebody's address must not tie an identity of theirs to it
        limit=Limit.CONFIRM,
        summary="Link one's account with a provider's",
        description="Gives the provider's page; it leads back to `return_to`, with `linked` or `error`. "
        "The session in which it began must go on until then.",
        errors=(403, 404, 409, 429),
    )
    async def link_identity(call: Call) -> LinkReply:
        body: LinkRequest = call.body or LinkRequest()
        account_of(call.principal)
        oidc.provider(call.path["name"])
        user = await people.confirm_freshly(call.principal, body.password, origin_of(call))
        browser = _browser(call)
        session_id = call.principal.session_id or ""
        location = await oidc.start_linking(call.path["name"], body.return_to, browser, user, session_id)
        call.reply_cookies.append(_cookie(call, browser))
        return LinkReply(location=location)

    @table.get(
        "/api/v1/auth/identities",
        reply=IdentitiesReply,
        summary="List what is linked to one's account",
        errors=(403,),
    )
    async def list_identities(call: Call) -> IdentitiesReply:
        found = await oidc.identities(account_of(call.principal))
        titles = {one.issuer: (one.name, one.title or one.name) for one in oidc.providers}
        return IdentitiesReply(items=[_reply(one, titles) for one in found])

    @table.post(
        "/api/v1/auth/identities/{identity_id}/unlink",
        body=UnlinkRequest,
        body_required=False,
        status=204,
        limit=Limit.CONFIRM,
        summary="Unlink from one's account",
        errors=(403, 404, 409, 429),
    )
    async def unlink_identity(call: Call) -> web.StreamResponse | None:
        body: UnlinkRequest = call.body or UnlinkRequest()
        await people.confirm(call.principal, body.password, origin_of(call))
        await oidc.unlink(account_of(call.principal), call.path["identity_id"], origin_of(call))
        return None


def _reply(identity: Identity, titles: dict[str, tuple[str, str]]) -> IdentityReply:
    name, title = titles.get(identity.issuer, (None, identity.issuer))
    return IdentityReply(
        identity_id=identity.id,
        provider=name,
        title=title,
        email=identity.email,
        created_at=identity.created_at,
        last_used_at=identity.last_used_at,
    )


def _browser(call: Call) -> Browser:
    """The browser by its cookie; one without gets a secret, which two tabs then share."""
    client = client_of(call)
    presented = call.request.cookies.get(SECURE_NAME if client.secure else PLAIN_NAME, "")
    secret = presented if _SECRET.fullmatch(presented) else new_secret()
    return Browser(secret, call.settings.http.public_url or client.origin)


def _cookie(call: Call, browser: Browser) -> str:
    """Lax, for the way back from the provider is a navigation from another site."""
    name, flag = (SECURE_NAME, "; Secure") if client_of(call).secure else (PLAIN_NAME, "")
    age_s = int(LIFETIME.total_seconds())
    return f"{name}={browser.secret}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Lax{flag}"


def _redirect(location: str) -> web.Response:
    return web.Response(status=302, headers={"Location": location, "Cache-Control": "no-store"})
