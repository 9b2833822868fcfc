"""One's home over HTTP."""

from __future__ import annotations

from vtp.home.schemas import HomeReply
from vtp.home.service import Homes
from vtp.http.routing import Access, Call, RouteTable


def build_routes(homes: Homes) -> RouteTable:
    """Declares the one answer."""
    table = RouteTable("home", "What is next, due and new in all of one's courses.")

    @table.get(
        "/api/v1/home",
        reply=HomeReply,
        access=Access.VERIFIED,
        summary="See what is next, due and new in one's courses",
        errors=(403,),
    )
    async def read_home(call: Call) -> HomeReply:
        home, now = await homes.read(call.principal)
        return HomeReply.of(home, now)

    return table
