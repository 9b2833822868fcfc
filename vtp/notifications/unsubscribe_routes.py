"""The pages behind the addresses in mails: plain, for whoever has the mail, without signing in.

Mail programs call them by themselves: RFC 8058, one POST. Looking changes nothing, for scanners look too.
"""

from __future__ import annotations

from html import escape
from typing import Final

from aiohttp import web

from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.notifications.unsubscribing import PATH, Unsubscribing

_HTML: Final = "text/html"
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_MAX_FORM: Final = 4096


def add_unsubscribe_routes(table: RouteTable, unsubscribing: Unsubscribing) -> None:
    """Declares how one gets no more mails of a kind."""

    @table.get(
        PATH + "{token}",
        access=Access.PUBLIC,
        limit=Limit.GENERAL,
        reply_types=(_HTML,),
        summary="See which mails an address in a mail is about",
        description="A page with a button; nothing is changed by looking.",
        errors=(404,),
    )
    async def read_unsubscribe(call: Call) -> web.Response:
        what = unsubscribing.what(call.path["token"])
        form = (
            '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
            '<button type="submit">No more of these mails</button></form>'
        )
        return _page("Mails", f"<p>{escape(what)}</p>{form}")

    @table.post(
        PATH + "{token}",
        access=Access.PUBLIC,
        limit=Limit.GENERAL,
        raw_body=_FORMS,
        body_required=False,
        max_body_bytes=_MAX_FORM,
        reply_types=(_HTML,),
        summary="Get no more of the mails that an address is about",
        description="As mail programs do with one click (RFC 8058). What was told is listed as before.",
        errors=(404,),
    )
    async def unsubscribe(call: Call) -> web.Response:
        what = await unsubscribing.stop(call.path["token"])
        text = "You get no more of these mails. Your notifications have it still; there you choose anew, too."
        return _page("Done", f"<p>{escape(what)}</p><p>{text}</p>")


def _page(title: str, inside: str) -> web.Response:
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>'
        f'{title}</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex"></head>'
        f"<body><main><h1>{title}</h1>{inside}</main></body></html>"
    )
    return web.Response(text=text, content_type=_HTML, charset="utf-8", headers={"Cache-Control": "no-store"})
