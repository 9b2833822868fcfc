"""Accounts over HTTP: registering, signing in and out, renewing, the own profile and sessions."""

from datetime import timedelta

from aiohttp import web

from vtp.accounts.administration import Administration
from vtp.accounts.cookies import cookie_header, read_cookie
from vtp.accounts.devices import Devices
from vtp.accounts.own_sessions import OwnSessions
from vtp.accounts.reauthentication import Reauthentication
from vtp.accounts.registration import Registration, Wish
from vtp.accounts.replies import client_of, device_tokens, login_reply, set_refresh_cookie
from vtp.accounts.replies import origin_of as origin_of
from vtp.accounts.schemas import (
    EndedReply,
    EndSessionsRequest,
    LoginReply,
    LoginRequest,
    LogoutReply,
    ProfileChange,
    ProfileReply,
    RefreshRequest,
    RegisterReply,
    RegisterRequest,
    RenewalRequest,
    SessionList,
    SessionReply,
    SetupRequest,
    TokensReply,
)
from vtp.accounts.service import AccountService
from vtp.errors import NotSignedIn
from vtp.http.pagination import PageQuery
from vtp.http.routing import Access, Call, Limit, RouteTable

CLEARED = '"cache", "storage"'
"""What a browser forgets when somebody signs out (OWASP ASVS 5.0, 14.3.1). Not `"cookies"`: that takes those
of all other sites of the domain along, and signs people out of their school's mail; ours is ended by name."""


def build_routes(
    accounts: AccountService,
    administration: Administration,
    registration: Registration,
    own_sessions: OwnSessions,
    people: Reauthentication,
    devices: Devices,
) -> RouteTable:
    """Declares registering, signing in, and one's own account under `/api/v1/auth`."""
    table = RouteTable("accounts", "Registering, signing in, and one's own account.")
    _registration_routes(table, registration)
    _entry_routes(table, accounts, administration, devices)
    _renewal_routes(table, accounts)
    _own_routes(table, accounts)
    _session_routes(table, own_sessions, people)
    return table


def _registration_routes(table: RouteTable, registration: Registration) -> None:
    @table.post(
        "/api/v1/auth/register",
        body=RegisterRequest,
        reply=RegisterReply,
        status=201,
        access=Access.PUBLIC,
        limit=Limit.REGISTER,
        summary="Make an account",
        description="The role is student whatever is asked for; another one waits for an administrator.",
        errors=(403, 409),
    )
    async def register(call: Call) -> RegisterReply:
        body: RegisterRequest = call.body
        wish = Wish(body.email, body.password, body.full_name, body.phone, body.role)
        user = await registration.register(wish, origin_of(call))
        return RegisterReply(
            user_id=user.id,
            email=user.email,
            full_name=user.full_name,
            role=user.role,
            message=registration.welcome(user),
        )


def _entry_routes(
    table: RouteTable, accounts: AccountService, administration: Administration, devices: Devices
) -> None:
    def held_tokens(call: Call) -> list[str]:
        """What the device holds from having signed in before, in the body or in its cookie."""
        token: str = call.body.device_token or ""
        return [token, *device_tokens(call)] if token else device_tokens(call)

    @table.post(
        "/api/v1/auth/login",
        body=LoginRequest,
        reply=LoginReply,
        access=Access.PUBLIC,
        limit=Limit.SIGN_IN,
        proven=lambda call: accounts.knows_device(call.body.email, held_tokens(call)),
        summary="Sign in",
        errors=(401, 403, 429),
    )
    async def login(call: Call) -> LoginReply:
        body: LoginRequest = call.body
        signed_in = await accounts.login(
            body.email, body.password, origin_of(call), code=body.totp, device_tokens=held_tokens(call)
        )
        device_token = body.device_token or ""
        return login_reply(call, signed_in, devices, cookie_only=body.cookie, device_token=device_token)

    @table.post(
        "/api/v1/auth/setup",
        body=SetupRequest,
        reply=LoginReply,
        status=201,
        access=Access.PUBLIC,
        limit=Limit.LINK,
        idempotent=False,  # its answer holds tokens, which are kept nowhere
        summary="Make the first administrator",
        description="With the token of the link that the server prints while it has no administrator.",
        errors=(409, 410),
    )
    async def set_up(call: Call) -> LoginReply:
        body: SetupRequest = call.body
        signed_in = await administration.set_up(
            body.token, body.email, body.password, body.full_name, origin_of(call)
        )
        return login_reply(call, signed_in, devices, cookie_only=body.cookie)


def _renewal_routes(table: RouteTable, accounts: AccountService) -> None:
    @table.post(
        "/api/v1/auth/refresh",
        body=RenewalRequest,
        body_required=False,
        reply=TokensReply,
        access=Access.PUBLIC,
        limit=Limit.REFRESH,
        summary="Renew a session",
        description="Takes the refresh token from the body, or from the cookie, and gives a new pair.",
        also=(204,),
        errors=(401, 429),
    )
    async def refresh(call: Call) -> TokensReply | web.Response:
        token, from_cookie = _presented_token(call)
        if token is None and call.body is not None and call.body.if_any:
            return web.Response(status=204)
        if token is None:
            raise NotSignedIn("Send a refresh_token, in the body or as the cookie.", code="no_refresh_token")
        unused = timedelta(seconds=call.body.unused_s if call.body is not None else 0)
        signed_in = await accounts.refresh(token, origin_of(call), unused=unused)
        if from_cookie:
            set_refresh_cookie(call, signed_in)
        return TokensReply(
            access_token=signed_in.access_token,
            refresh_token=None if from_cookie else signed_in.refresh_token,
            expires_in=signed_in.expires_in_s,
            session_ends_in=signed_in.ends_in_s,
            session_lasts=signed_in.lasts_s,
        )

    @table.post(
        "/api/v1/auth/logout",
        body=RefreshRequest,
        body_required=False,
        reply=LogoutReply,
        access=Access.PUBLIC,
        summary="Sign out",
        description="Ends the session of the access token, of the body's refresh token or of the cookie.",
    )
    async def logout(call: Call) -> LogoutReply:
        token, _ = _presented_token(call)
        ended = await accounts.logout(call.principal_or_none, token, origin_of(call))
        call.reply_headers["Clear-Site-Data"] = CLEARED
        call.reply_cookies.append(cookie_header("", 0, secure=client_of(call).secure))
        return LogoutReply(message="You are signed out." if ended else "You were not signed in.")


def _own_routes(table: RouteTable, accounts: AccountService) -> None:
    @table.get(
        "/api/v1/auth/profile",
        reply=ProfileReply,
        summary="Read one's own account",
        errors=(403,),
        without_second_factor=True,
    )
    async def profile(call: Call) -> ProfileReply:
        return ProfileReply.of(await accounts.profile(call.principal))

    @table.patch(
        "/api/v1/auth/profile",
        body=ProfileChange,
        reply=ProfileReply,
        summary="Change one's own name or telephone number",
        if_match=True,
        errors=(403,),
    )
    async def change_profile(call: Call) -> ProfileReply:
        body: ProfileChange = call.body
        changes = body.model_dump(include=body.model_fields_set)
        check = call.unless_changed(ProfileReply.of)
        return ProfileReply.of(await accounts.change_profile(call.principal, changes, origin_of(call), check))


def _session_routes(table: RouteTable, own_sessions: OwnSessions, people: Reauthentication) -> None:
    @table.get(
        "/api/v1/auth/sessions",
        query=PageQuery,
        reply=SessionList,
        summary="List where one is signed in, the latest sign-in first",
        errors=(403,),
    )
    async def list_sessions(call: Call) -> SessionList:
        query: PageQuery = call.query
        current = call.principal.session_id
        before = query.id_position()
        found = await own_sessions.list_alive(call.principal, limit=query.limit + 1, before=before)
        page, next_cursor = query.cut(found)
        items = [SessionReply.of(session, current) for session in page]
        return SessionList(items=items, next_cursor=next_cursor)

    async def confirm(call: Call) -> None:
        """So that who found somebody's browser open does not sign its owner out (OWASP ASVS 5.0, 7.5.2)."""
        body: EndSessionsRequest = call.body or EndSessionsRequest()
        await people.confirm_freshly(call.principal, body.password, origin_of(call))

    @table.delete(
        "/api/v1/auth/sessions",
        body=EndSessionsRequest,
        body_required=False,
        reply=EndedReply,
        limit=Limit.CONFIRM,
        summary="Sign out everywhere else",
        errors=(403, 429),
    )
    async def end_other_sessions(call: Call) -> EndedReply:
        await confirm(call)
        ended = await own_sessions.end_others(call.principal, origin_of(call))
        return EndedReply(ended_sessions=len(ended))

    @table.delete(
        "/api/v1/auth/sessions/{session_id}",
        body=EndSessionsRequest,
        body_required=False,
        status=204,
        limit=Limit.CONFIRM,
        summary="Sign out on one device",
        errors=(403, 404, 429),
    )
    async def end_session(call: Call) -> web.StreamResponse | None:
        await confirm(call)
        await own_sessions.end(call.principal, call.path["session_id"], origin_of(call))
        return None


def _presented_token(call: Call) -> tuple[str | None, bool]:
    """The refresh token of the body or else of the cookie, and whether it was the cookie's."""
    body: RefreshRequest | None = call.body
    if body is not None and body.refresh_token:
        return body.refresh_token, False
    return read_cookie(call.request, secure=client_of(call).secure), True
