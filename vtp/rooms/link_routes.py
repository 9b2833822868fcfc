"""Guests' links over HTTP, under their room."""

from __future__ import annotations

from datetime import UTC, datetime

from vtp.accounts.routes import origin_of
from vtp.http.client import Client
from vtp.http.keys import CLIENT
from vtp.http.pagination import PageQuery
from vtp.http.routing import Call, RouteTable
from vtp.rooms.link_schemas import CreateLink, LinkPage, LinkReply, NewLink
from vtp.rooms.links import GuestLinks

PATH = "/api/v1/rooms/{room}/links"


def build_routes(links: GuestLinks) -> RouteTable:
    """Declares the links of rooms."""
    table = RouteTable("guests", "Links that let people without an account into one room.")

    @table.post(
        PATH,
        body=CreateLink,
        reply=NewLink,
        status=201,
        summary="Invite guests into a room; the link is shown this once",
        errors=(403, 404, 409),
    )
    async def create_guest_link(call: Call) -> NewLink:
        room, link, token = await links.create(call.principal, call.path["room"], call.body, origin_of(call))
        url = f"{public_origin(call)}/rooms/{room.slug}#guest={token}"
        return NewLink.of(link, datetime.now(UTC), token=token, url=url)

    @table.get(
        PATH, query=PageQuery, reply=LinkPage, summary="List a room's links, newest first", errors=(403, 404)
    )
    async def list_guest_links(call: Call) -> LinkPage:
        query: PageQuery = call.query
        room = call.path["room"]
        found = await links.page(call.principal, room, limit=query.limit + 1, before=query.id_position())
        page, next_cursor = query.cut(found)
        now = datetime.now(UTC)
        return LinkPage(
            items=[LinkReply.of(link, now) for link in page],
            next_cursor=next_cursor,
        )

    @table.delete(
        PATH + "/{id}",
        reply=LinkReply,
        summary="Revoke a link and disconnect who is here by it",
        errors=(403, 404),
    )
    async def revoke_guest_link(call: Call) -> LinkReply:
        link = await links.revoke(call.principal, call.path["room"], call.path["id"], origin_of(call))
        return LinkReply.of(link, datetime.now(UTC))

    return table


def public_origin(call: Call) -> str:
    """The scheme, host and port that links of this server begin with."""
    client: Client = call.request[CLIENT]
    return call.settings.http.public_url or client.origin
