"""Other people's accounts over HTTP, for administrators: list, read, approve, change rights."""

from vtp.accounts.administration import Administration, Decision
from vtp.accounts.routes import origin_of
from vtp.accounts.schemas import UserChange, UserPage, UserQuery, UserReply
from vtp.http.routing import Call, RouteTable


def build_routes(administration: Administration) -> RouteTable:
    """Declares everything under `/api/v1/users`."""
    table = RouteTable("users", "Everybody's accounts, for administrators.")

    @table.get(
        "/api/v1/users", query=UserQuery, reply=UserPage, summary="List accounts, oldest first", errors=(403,)
    )
    async def list_users(call: Call) -> UserPage:
        query: UserQuery = call.query
        users = await administration.list_users(
            call.principal,
            limit=query.limit + 1,
            after=query.id_position(),
            pending=query.pending,
            search=query.search,
        )
        page, next_cursor = query.cut(users)
        items = [UserReply.of(user) for user in page]
        return UserPage(items=items, next_cursor=next_cursor)

    @table.get("/api/v1/users/{user_id}", reply=UserReply, summary="Read an account", errors=(403, 404))
    async def get_user(call: Call) -> UserReply:
        return UserReply.of(await administration.get(call.principal, call.path["user_id"]))

    @table.patch(
        "/api/v1/users/{user_id}",
        body=UserChange,
        reply=UserReply,
        summary="Approve an account, change its role, disable or enable it",
        errors=(403, 404, 409),
    )
    async def change_user(call: Call) -> UserReply:
        body: UserChange = call.body
        decision = Decision(approved=body.approved, role_word=body.role, disabled=body.disabled)
        user = await administration.decide(call.principal, call.path["user_id"], decision, origin_of(call))
        return UserReply.of(user)

    return table
