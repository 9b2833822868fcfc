"""Bans over HTTP, under their room. They are made in the room, where those are who are to go."""

from __future__ import annotations

from vtp.accounts.routes import origin_of
from vtp.http.pagination import PageQuery
from vtp.http.routing import Call, RouteTable
from vtp.rooms.ban_schemas import BanPage, BanReply
from vtp.rooms.bans import Bans

PATH = "/api/v1/rooms/{room}/bans"


def build_routes(bans: Bans) -> RouteTable:
    """Declares the bans of rooms."""
    table = RouteTable("bans", "Who is kept out of a room.")

    @table.get(
        PATH, query=PageQuery, reply=BanPage, summary="List a room's bans, newest first", errors=(403, 404)
    )
    async def list_bans(call: Call) -> BanPage:
        query: PageQuery = call.query
        room = call.path["room"]
        found = await bans.page(call.principal, room, limit=query.limit + 1, before=query.id_position())
        page, next_cursor = query.cut(found)
        return BanPage(items=[BanReply.of(ban) for ban in page], next_cursor=next_cursor)

    @table.delete(
        PATH + "/{id}", reply=BanReply, summary="Lift a ban: they may come again", errors=(403, 404)
    )
    async def lift_ban(call: Call) -> BanReply:
        ban = await bans.lift(call.principal, call.path["room"], call.path["id"], origin_of(call))
        return BanReply.of(ban)

    return table
