"""Webhooks over HTTP, under `/api/v1/webhooks`."""

from __future__ import annotations

from vtp.accounts.routes import origin_of
from vtp.http.etags import etag_of_model
from vtp.http.pagination import PageQuery
from vtp.http.routing import Access, Call, RouteTable
from vtp.webhooks.schemas import (
    ChangeWebhook,
    CreateWebhook,
    DeliveryPage,
    DeliveryQuery,
    DeliveryReply,
    WebhookPage,
    WebhookReply,
    WebhookWithSecret,
)
from vtp.webhooks.service import Webhooks

BASE = "/api/v1/webhooks"


def build_routes(webhooks: Webhooks) -> RouteTable:
    """Declares everything about webhooks."""
    table = RouteTable("webhooks", "Telling other programs what happens: signed, and sent again until taken.")
    _hook_routes(table, webhooks)
    _secret_routes(table, webhooks)
    _delivery_routes(table, webhooks)
    return table


def _hook_routes(table: RouteTable, webhooks: Webhooks) -> None:
    @table.get(
        BASE,
        query=PageQuery,
        reply=WebhookPage,
        access=Access.VERIFIED,
        summary="List webhooks, oldest first",
        errors=(403,),
    )
    async def list_webhooks(call: Call) -> WebhookPage:
        query: PageQuery = call.query
        found = await webhooks.page(call.principal, limit=query.limit + 1, after=query.id_position())
        page, next_cursor = query.cut(found)
        return WebhookPage(
            items=[WebhookReply.of(hook) for hook in page],
            next_cursor=next_cursor,
        )

    @table.get(BASE + "/{id}", reply=WebhookReply, summary="Read a webhook", errors=(403, 404))
    async def get_webhook(call: Call) -> WebhookReply:
        return WebhookReply.of(await webhooks.get(call.principal, call.path["id"]))

    @table.patch(
        BASE + "/{id}",
        body=ChangeWebhook,
        reply=WebhookReply,
        summary="Change, stop or restart a webhook",
        description="With `If-Match` only the webhook that has this `ETag` is changed (412 else).",
        errors=(403, 404),
        if_match=True,
    )
    async def change_webhook(call: Call) -> WebhookReply:
        check = call.unless_changed(WebhookReply.of)
        hook = await webhooks.change(call.principal, call.path["id"], call.body, origin_of(call), check)
        reply = WebhookReply.of(hook)
        call.reply_headers["ETag"] = etag_of_model(reply)
        return reply

    @table.delete(BASE + "/{id}", summary="Delete a webhook", errors=(403, 404))
    async def delete_webhook(call: Call) -> None:
        await webhooks.delete(call.principal, call.path["id"], origin_of(call))


def _secret_routes(table: RouteTable, webhooks: Webhooks) -> None:
    @table.post(
        BASE,
        body=CreateWebhook,
        reply=WebhookWithSecret,
        status=201,
        summary="Make a webhook; its secret is shown this once",
        errors=(403, 404, 409),
    )
    async def create_webhook(call: Call) -> WebhookWithSecret:
        hook = await webhooks.create(call.principal, call.body, origin_of(call))
        call.reply_headers["Location"] = f"{BASE}/{hook.id}"
        return WebhookWithSecret.of(hook)

    @table.post(
        BASE + "/{id}/rotate-secret",
        reply=WebhookWithSecret,
        summary="Give a webhook a new secret; the old one signs too for 24 hours",
        errors=(403, 404),
    )
    async def rotate_webhook_secret(call: Call) -> WebhookWithSecret:
        return WebhookWithSecret.of(
            await webhooks.rotate_secret(call.principal, call.path["id"], origin_of(call))
        )


def _delivery_routes(table: RouteTable, webhooks: Webhooks) -> None:
    @table.post(
        BASE + "/{id}/test",
        reply=DeliveryReply,
        status=202,
        summary="Send a webhook a message that says nothing",
        errors=(403, 404, 409),
    )
    async def test_webhook(call: Call) -> DeliveryReply:
        return DeliveryReply.of(await webhooks.send_test(call.principal, call.path["id"]))

    @table.get(
        BASE + "/{id}/deliveries",
        query=DeliveryQuery,
        reply=DeliveryPage,
        summary="List messages to a webhook, newest first",
        errors=(403, 404),
    )
    async def list_deliveries(call: Call) -> DeliveryPage:
        query: DeliveryQuery = call.query
        found = await webhooks.deliveries(
            call.principal,
            call.path["id"],
            limit=query.limit + 1,
            before=query.id_position(),
            status=query.status,
        )
        page, next_cursor = query.cut(found)
        return DeliveryPage(
            items=[DeliveryReply.of(one) for one in page],
            next_cursor=next_cursor,
        )

    @table.post(
        BASE + "/{id}/deliveries/{delivery_id}/retry",
        reply=DeliveryReply,
        status=202,
        summary="Send a message again now",
        errors=(403, 404, 409),
    )
    async def retry_delivery(call: Call) -> DeliveryReply:
        return DeliveryReply.of(
            await webhooks.retry(call.principal, call.path["id"], call.path["delivery_id"])
        )
