"""A room's chat over HTTP: to be read, during a class and after it."""

from __future__ import annotations

from vtp.http.client import Client
from vtp.http.keys import CLIENT
from vtp.http.routing import Access, Call, RouteTable
from vtp.rooms.chat_schemas import ChatPage, ChatQuery, ChatReply
from vtp.rooms.chat_service import Chats, Wanted


def build_routes(chats: Chats) -> RouteTable:
    """Declares the chats of rooms."""
    table = RouteTable("chat", "What was written in a room's classes.")

    @table.get(
        "/api/v1/rooms/{room}/chat",
        query=ChatQuery,
        reply=ChatPage,
        access=Access.VERIFIED,
        summary="Read or search a room's chat, newest first",
        errors=(403, 404),
    )
    async def list_chat(call: Call) -> ChatPage:
        query: ChatQuery = call.query
        wanted = Wanted(query.limit + 1, query.id_position(), query.search)
        client: Client = call.request[CLIENT]
        found = await chats.kept(call.principal, client.address, call.path["room"], wanted)
        page, next_cursor = query.cut(found)
        return ChatPage(items=[ChatReply.of(message) for message in page], next_cursor=next_cursor)

    return table
