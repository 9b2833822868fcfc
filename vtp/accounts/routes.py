"""Accounts over HTTP: registering, signing in and out, renewing, the own profile and sessions."""

from aiohttp import web

from vtp.accounts.administration import Administration
from vtp.accounts.audit import Origin
from vtp.accounts.cookies import cookie_header, read_cookie
from vtp.accounts.refusals import origin_of_request
from vtp.accounts.schemas import (
    LoginReply,
    LoginRequest,
    LogoutReply,
    ProfileChange,
    ProfileReply,
    RefreshRequest,
    RegisterReply,
    RegisterRequest,
    SessionList,
    SessionReply,
    SetupRequest,
    TokensReply,
)
from vtp.accounts.service import AccountService, Registration, SignedIn
from vtp.accounts.users import User
from vtp.errors import NotSignedIn
from vtp.http.client import Client
from vtp.http.keys import CLIENT
from vtp.http.pagination import PageQuery
from vtp.http.routing import Access, Call, Limit, RouteTable

CLEARED = '"cache", "storage"'
"""What a browser forgets when somebody signs out (OWASP ASVS 5.0, 14.3.1). Not `"cookies"`: that takes those
of all other sites of the domain along, and signs people out of their school's mail; ours is ended by name."""


def build_routes(accounts: AccountService, administration: Administration) -> RouteTable:
    """Declares everything under `/api/v1/auth`."""
    table = RouteTable("accounts", "Registering, signing in, and one's own account.")
    _entry_routes(table, accounts, administration)
    _renewal_routes(table, accounts)
    _own_routes(table, accounts)
    return table


def _entry_routes(table: RouteTable, accounts: AccountService, administration: Administration) -> None:
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
        wish = Registration(body.email, body.password, body.full_name, body.phone, body.role)
        user = await accounts.register(wish, origin_of(call))
        return RegisterReply(
            user_id=user.id,
            email=user.email,
            full_name=user.full_name,
            role=user.role,
            message=_welcome(user),
        )

    @table.post(
        "/api/v1/auth/login",
        body=LoginRequest,
        reply=LoginReply,
        access=Access.PUBLIC,
        limit=Limit.SIGN_IN,
        summary="Sign in",
        errors=(401, 403, 429),
    )
    async def login(call: Call) -> LoginReply:
        body: LoginRequest = call.body
        signed_in = await accounts.login(body.email, body.password, origin_of(call))
        return _login_reply(call, signed_in, cookie_only=body.cookie)

    @table.post(
        "/api/v1/auth/setup",
        body=SetupRequest,
        reply=LoginReply,
        status=201,
        access=Access.PUBLIC,
        limit=Limit.SIGN_IN,
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
        return _login_reply(call, signed_in, cookie_only=body.cookie)


def _renewal_routes(table: RouteTable, accounts: AccountService) -> None:
    @table.post(
        "/api/v1/auth/refresh",
        body=RefreshRequest,
        body_required=False,
        reply=TokensReply,
        access=Access.PUBLIC,
        limit=Limit.REFRESH,
        summary="Renew a session",
        description="Takes the refresh token from the body, or from the cookie, and gives a new pair.",
        errors=(401, 429),
    )
    async def refresh(call: Call) -> TokensReply:
        token, from_cookie = _presented_token(call)
        if token is None:
            raise NotSignedIn("Send a refresh_token, in the body or as the cookie.", code="no_refresh_token")
        signed_in = await accounts.refresh(token, origin_of(call))
        if from_cookie:
            _set_cookie(call, signed_in)
        return TokensReply(
            access_token=signed_in.access_token,
            refresh_token=None if from_cookie else signed_in.refresh_token,
            expires_in=signed_in.expires_in_s,
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
        call.reply_headers |= {
            "Set-Cookie": cookie_header("", 0, secure=client_of(call).secure),
            "Clear-Site-Data": CLEARED,
        }
        return LogoutReply(message="You are signed out." if ended else "You were not signed in.")


def _own_routes(table: RouteTable, accounts: AccountService) -> None:
    @table.get("/api/v1/auth/profile", reply=ProfileReply, summary="Read one's own account", errors=(403,))
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
        page, next_cursor = query.page_of(await accounts.list_sessions(call.principal))
        items = [SessionReply.of(session, current) for session in page]
        return SessionList(items=items, next_cursor=next_cursor)

    @table.delete(
        "/api/v1/auth/sessions/{session_id}", status=204, summary="Sign out on one device", errors=(403, 404)
    )
    async def end_session(call: Call) -> web.StreamResponse | None:
        await accounts.end_session(call.principal, call.path["session_id"], origin_of(call))
        return None


def client_of(call: Call) -> Client:
    """The other end of a call, seen through trusted proxies."""
    return call.request[CLIENT]


def origin_of(call: Call) -> Origin:
    """Where a call came from, for the audit log."""
    return origin_of_request(call.request)


def _welcome(user: User) -> str:
    if user.requested_role is not None:
        return (
            f"Your account is ready with the role student; the role {user.requested_role} is waiting for an "
            "administrator's approval. Until then you can sign in, but not enter rooms."
        )
    return (
        "Your account is ready. You can sign in now, and enter rooms once an administrator has approved it."
    )


def _presented_token(call: Call) -> tuple[str | None, bool]:
    """The refresh token of the body or else of the cookie, and whether it was the cookie's."""
    body: RefreshRequest | None = call.body
    if body is not None and body.refresh_token:
        return body.refresh_token, False
    return read_cookie(call.request, secure=client_of(call).secure), True


def _login_reply(call: Call, signed_in: SignedIn, *, cookie_only: bool) -> LoginReply:
    """Browsers (they send `Sec-Fetch-Site`) get the cookie as well; `cookie_only` leaves it out of the
    body.
    """
    if cookie_only or "Sec-Fetch-Site" in call.request.headers:
        _set_cookie(call, signed_in)
    return LoginReply(
        access_token=signed_in.access_token,
        refresh_token=None if cookie_only else signed_in.refresh_token,
        expires_in=signed_in.expires_in_s,
        user=ProfileReply.of(signed_in.user),
    )


def _set_cookie(call: Call, signed_in: SignedIn) -> None:
    session = signed_in.session
    max_age_s = int((session.expires_at - session.last_seen_at).total_seconds())
    secure = client_of(call).secure
    call.reply_headers["Set-Cookie"] = cookie_header(signed_in.refresh_token, max_age_s, secure=secure)
