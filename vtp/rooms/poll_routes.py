"""Polls over HTTP, under their room: for staff to read."""

from __future__ import annotations

from vtp.http.pagination import PageQuery
from vtp.http.routing import Call, RouteTable
from vtp.rooms.poll_schemas import PollPage, PollReply, VotePage, VoteQuery
from vtp.rooms.poll_service import Polls

PATH = "/api/v1/rooms/{room}/polls"


def build_routes(polls: Polls) -> RouteTable:
    """Declares the polls of rooms; they are made and voted in over Socket.IO."""
    table = RouteTable("polls", "What classes were asked, and what they answered.")

    @table.get(
        PATH, query=PageQuery, reply=PollPage, summary="List a room's polls, newest first", errors=(403, 404)
    )
    async def list_polls(call: Call) -> PollPage:
        query: PageQuery = call.query
        found = await polls.page(
            call.principal, call.path["room"], limit=query.limit + 1, before=query.id_position()
        )
        page, next_cursor = query.cut(found)
        return PollPage(items=[PollReply.of(one) for one in page], next_cursor=next_cursor)

    @table.get(
        PATH + "/{id}/votes",
        query=VoteQuery,
        reply=VotePage,
        summary="List who chose what in a poll that is not anonymous",
        errors=(403, 404, 409),
    )
    async def list_votes(call: Call) -> VotePage:
        query: VoteQuery = call.query
        found = await polls.page_of_votes(
            call.principal, call.path["room"], call.path["id"], limit=query.limit + 1, after=query.voter()
        )
        return query.page(found)

    return table
