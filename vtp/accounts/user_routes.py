"""Other people's accounts over HTTP, for administrators: listed, made, read, changed, signed out."""

from aiohttp import web

from vtp.accounts.replies import origin_of
from vtp.accounts.schemas import MessageReply, SessionList, SessionReply
from vtp.accounts.user_administration import PROFILE, Decision, NewAccount, UserAdministration
from vtp.accounts.user_schemas import (
    EndedSessions,
    NewUserRequest,
    UserChange,
    UserPage,
    UserQuery,
    UserReply,
)
from vtp.accounts.users import User
from vtp.errors import FieldError, Invalid
from vtp.http.etags import etag_of_model
from vtp.http.pagination import PageQuery
from vtp.http.routing import Call, RouteTable
from vtp.mail.addresses import masked


def build_routes(administration: UserAdministration) -> RouteTable:
    """Declares everything under `/api/v1/users` that is about accounts and sessions."""
    table = RouteTable("users", "Everybody's accounts, for administrators.")
    _account_routes(table, administration)
    _session_routes(table, administration)
    return table


def _account_routes(table: RouteTable, administration: UserAdministration) -> None:
    @table.get(
        "/api/v1/users", query=UserQuery, reply=UserPage, summary="List accounts, oldest first", errors=(403,)
    )
    async def list_users(call: Call) -> UserPage:
        query: UserQuery = call.query
        users = await administration.list_users(
            call.principal, query.filter, limit=query.limit + 1, after=query.id_position()
        )
        page, next_cursor = query.cut(users)
        items = [UserReply.of(user) for user in page]
        return UserPage(items=items, next_cursor=next_cursor)

    @table.post(
        "/api/v1/users",
        body=NewUserRequest,
        reply=UserReply,
        status=201,
        summary="Make an account and invite the person",
        description="The account has no password yet: its owner gets a mail to choose one.",
        errors=(403, 409),
    )
    async def add_user(call: Call) -> UserReply:
        body: NewUserRequest = call.body
        new = NewAccount(body.email, body.full_name, body.role, body.phone)
        user = await administration.add(call.principal, new, origin_of(call))
        call.reply_headers["Location"] = f"/api/v1/users/{user.id}"
        return _reply(call, user)

    @table.get("/api/v1/users/{user_id}", reply=UserReply, summary="Read an account", errors=(403, 404))
    async def get_user(call: Call) -> UserReply:
        return UserReply.of(await administration.get(call.principal, call.path["user_id"]))

    @table.patch(
        "/api/v1/users/{user_id}",
        body=UserChange,
        reply=UserReply,
        summary="Change an account, approve it, change its role, disable or enable it",
        description="With `If-Match` only the account that has this `ETag` is changed (412 else).",
        errors=(403, 404, 409),
        if_match=True,
    )
    async def change_user(call: Call) -> UserReply:
        user = await administration.change(
            call.principal,
            call.path["user_id"],
            _decision(call.body),
            origin_of(call),
            call.unless_changed(UserReply.of),
        )
        return _reply(call, user)


def _session_routes(table: RouteTable, administration: UserAdministration) -> None:
    @table.get(
        "/api/v1/users/{user_id}/sessions",
        query=PageQuery,
        reply=SessionList,
        summary="List where somebody is signed in, the latest sign-in first",
        errors=(403, 404),
    )
    async def list_user_sessions(call: Call) -> SessionList:
        query: PageQuery = call.query
        current = call.principal.session_id
        found = await administration.sessions_of(
            call.principal, call.path["user_id"], limit=query.limit + 1, before=query.id_position()
        )
        page, next_cursor = query.cut(found)
        items = [SessionReply.of(session, current) for session in page]
        return SessionList(items=items, next_cursor=next_cursor)

    @table.delete(
        "/api/v1/users/{user_id}/sessions",
        reply=EndedSessions,
        summary="Sign somebody out everywhere",
        errors=(403, 404),
    )
    async def end_user_sessions(call: Call) -> EndedSessions:
        count = await administration.end_sessions(call.principal, call.path["user_id"], origin_of(call))
        return EndedSessions(ended_sessions=count)

    @table.delete(
        "/api/v1/users/{user_id}/sessions/{session_id}",
        status=204,
        summary="Sign somebody out on one device",
        errors=(403, 404),
    )
    async def end_user_session(call: Call) -> web.StreamResponse | None:
        user_id, session_id = call.path["user_id"], call.path["session_id"]
        await administration.end_session(call.principal, user_id, session_id, origin_of(call))
        return None

    @table.post(
        "/api/v1/users/{user_id}/send-password-reset",
        reply=MessageReply,
        summary="Mail somebody a link to choose a new password",
        description="The old one is good until then.",
        errors=(403, 404, 409),
    )
    async def send_password_reset(call: Call) -> MessageReply:
        user = await administration.send_password_reset(call.principal, call.path["user_id"], origin_of(call))
        return MessageReply(message=f"A link to choose a new password goes to {masked(user.email)}.")


def _decision(body: UserChange) -> Decision:
    profile = body.model_dump(include=body.model_fields_set & set(PROFILE))
    empty = [FieldError(f"/{name}", "cannot be null") for name in ("full_name", "email") if name in profile]
    if empty := [one for one in empty if profile[one.pointer[1:]] is None]:
        raise Invalid("The body is not acceptable; `errors` says where.", errors=empty)
    return Decision(body.approved, body.role, body.disabled, profile)


def _reply(call: Call, user: User) -> UserReply:
    reply = UserReply.of(user)
    call.reply_headers["ETag"] = etag_of_model(reply)
    return reply
