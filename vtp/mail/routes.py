"""Mails over HTTP, for administrators: `/api/v1/mails`."""

from __future__ import annotations

from vtp.accounts.replies import origin_of
from vtp.accounts.schemas import MessageReply
from vtp.http.pagination import PageQuery
from vtp.http.routing import Call, RouteTable
from vtp.mail.schemas import MailPage, MailReply, MailWithBody, TestMailRequest
from vtp.mail.service import Mails

BASE = "/api/v1/mails"


def build_routes(mails: Mails) -> RouteTable:
    """Declares everything about mails."""
    table = RouteTable("mails", "What the server has mailed, or would have, for administrators.")

    @table.get(BASE, query=PageQuery, reply=MailPage, summary="List mails, newest first", errors=(403,))
    async def list_mails(call: Call) -> MailPage:
        query: PageQuery = call.query
        found = await mails.page(call.principal, limit=query.limit + 1, before=query.id_position())
        page, next_cursor = query.cut(found)
        return MailPage(items=[MailReply.of(mail) for mail in page], next_cursor=next_cursor)

    @table.post(
        BASE + "/test",
        body=TestMailRequest,
        reply=MessageReply,
        summary="Send a test mail now",
        description="502 has the mail server's own words when it does not take the mail.",
        errors=(403, 409, 502),
    )
    async def send_test_mail(call: Call) -> MessageReply:
        body: TestMailRequest = call.body
        await mails.test(call.principal, body.to, origin_of(call))
        return MessageReply(message=f"The mail server took a test mail to {body.to}.")

    @table.get(
        BASE + "/{mail_id}",
        reply=MailWithBody,
        summary="Read a mail, with its text while it is unsent",
        description="Reading a text is noted in the audit log: it may hold a link that opens an account.",
        errors=(403, 404),
    )
    async def read_mail(call: Call) -> MailWithBody:
        mail, text = await mails.read(call.principal, call.path["mail_id"], origin_of(call))
        call.reply_headers["Cache-Control"] = "no-store"
        return MailWithBody(**MailReply.of(mail).model_dump(), body=text)

    @table.post(
        BASE + "/{mail_id}/retry",
        reply=MailReply,
        summary="Send an unsent mail as soon as possible",
        errors=(403, 404, 409, 410),
    )
    async def retry_mail(call: Call) -> MailReply:
        return MailReply.of(await mails.retry(call.principal, call.path["mail_id"], origin_of(call)))

    return table
