"""A person's data over HTTP: taken away, and erased; by themselves or by an administrator."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from vtp.accounts.cookies import cookie_header
from vtp.accounts.reauthentication import Reauthentication
from vtp.accounts.replies import client_of, origin_of
from vtp.accounts.schemas import MessageReply, Proof
from vtp.accounts.second_factor import SecondFactor
from vtp.http.routing import Call, Limit, RouteTable
from vtp.personal.erasure import Erasure
from vtp.personal.export import Export, Exported

TYPE: Final = "application/zip"
_PIECE_BYTES: Final = 65_536


class ExportRequest(Proof):
    """Takes one's own data away. Who has no password leaves it out, within ten minutes of being asked by a
    provider who they are."""


class DeleteAccountRequest(Proof):
    """Erases one's own account; `totp` is a code of the second factor, where one is on.

    Who has no password leaves it out, within ten minutes of being asked by a provider who they are.
    """

    totp: Annotated[str | None, Field(max_length=32)] = None


def build_routes(
    people: Reauthentication, factor: SecondFactor, export: Export, erasure: Erasure
) -> RouteTable:
    """Declares export and erasure."""
    table = RouteTable("personal data", "What the server holds of a person: taken away, erased.")
    _export_routes(table, people, export)
    _erasure_routes(table, people, factor, erasure)
    return table


def _export_routes(table: RouteTable, people: Reauthentication, export: Export) -> None:
    @table.post(
        "/api/v1/auth/export",
        body=ExportRequest,
        body_required=False,
        reply_types=TYPE,
        limit=Limit.CONFIRM,
        summary="Take one's own data away",
        description="A zip with data.json and the picture. The bytes of files in courses, and recordings, "
        "are not in it: `not_in_this_file` says so.",
        errors=(403, 429),
    )
    async def export_own_data(call: Call) -> web.StreamResponse:
        body: ExportRequest = call.body or ExportRequest()
        await people.confirm(call.principal, body.password, origin_of(call))
        return await _send(call, await export.make_own(call.principal, origin_of(call)))

    @table.get(
        "/api/v1/users/{user_id}/export",
        reply_types=TYPE,
        summary="Take somebody's data out for them",
        description="The same file as they get themselves.",
        errors=(403, 404),
    )
    async def export_user_data(call: Call) -> web.StreamResponse:
        made = await export.make(call.principal, call.path["user_id"], origin_of(call))
        return await _send(call, made)


def _erasure_routes(
    table: RouteTable, people: Reauthentication, factor: SecondFactor, erasure: Erasure
) -> None:
    @table.post(
        "/api/v1/auth/delete-account",
        body=DeleteAccountRequest,
        reply=MessageReply,
        summary="Erase one's own account",
        description="Everything personal is gone at once and cannot be brought back.",
        errors=(401, 403, 409, 429),
    )
    async def delete_account(call: Call) -> MessageReply:
        body: DeleteAccountRequest = call.body
        origin = origin_of(call)
        user = await people.confirm(call.principal, body.password, origin)
        await factor.check_at_sign_in(user, body.totp, origin)
        await erasure.erase_own(call.principal, origin)
        call.reply_cookies.append(cookie_header("", 0, secure=client_of(call).secure))
        return MessageReply(message="Your account and your data are erased.")

    @table.delete(
        "/api/v1/users/{user_id}",
        status=204,
        summary="Erase an account",
        description="Everything personal is gone at once, for good; recordings of classes stay.",
        errors=(403, 404, 409),
    )
    async def erase_user(call: Call) -> web.StreamResponse | None:
        await erasure.erase(call.principal, call.path["user_id"], origin_of(call))
        return None


async def _send(call: Call, made: Exported) -> web.StreamResponse:
    """Reads the file in a thread, piece by piece."""
    name = f"personal-data-{made.made_at:%Y%m%d-%H%M%S}.zip"
    response = web.StreamResponse(
        headers={
            "Content-Type": TYPE,
            "Content-Length": str(made.size),
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
    )
    try:
        await response.prepare(call.request)
        while call.request.method != "HEAD" and (
            piece := await asyncio.to_thread(made.file.read, _PIECE_BYTES)
        ):
            await response.write(piece)
        await response.write_eof()
        return response
    finally:
        await asyncio.to_thread(made.file.close)
