"""Where webhooks go and whom they believe: named hosts, receivers with good certificates, no redirects."""

from __future__ import annotations

import datetime as dt
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.receiver import receiving
from tests.serving import serving
from vtp.http.tls import ensure_self_made
from vtp.ids import new_id
from vtp.settings import WebhookSettings
from vtp.webhooks.addresses import check_url
from vtp.webhooks.sender import Sender
from vtp.webhooks.store import Delivery, Status, Webhook

HOOKS = "/api/v1/webhooks"
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def a_delivery(url: str) -> tuple[Webhook, Delivery]:
    """A webhook that goes there, and a message for it."""
    values: dict[str, Any] = dict.fromkeys(Webhook.__dataclass_fields__)
    hook = Webhook(**values | {"id": new_id(), "url": url, "secret": "whsec_" + "QUJD" * 8, "events": ["*"]})
    values = dict.fromkeys(Delivery.__dataclass_fields__)
    message = {"id": new_id(), "event_id": new_id(), "body": "{}", "status": Status.PENDING.value}
    return hook, Delivery(**values | message)


async def test_webhooks_go_to_the_named_hosts_alone(tmp_path: Path) -> None:
    settings = WebhookSettings(allowed_hosts=["lms.example", "*.school.example"])
    async with serving(tmp_path / "data", webhooks=settings) as api:
        admin = await api.person("admin")
        for host in ("lms.example", "LMS.example", "a.school.example", "b.a.school.example"):
            answer = await api.call("POST", HOOKS, {"url": f"https://{host}/hook"}, by=admin)
            assert answer.status == 201, host
        for host in ("other.example", "school.example", "lms.example.evil.example", "notschool.example"):
            answer = await api.call("POST", HOOKS, {"url": f"https://{host}/hook"}, by=admin)
            assert (answer.status, answer.pointers) == (422, ["/url"]), host
            assert "webhooks.allowed_hosts" in answer.body["errors"][0]["detail"]


async def test_a_webhook_made_before_its_host_was_struck_off_sends_nothing() -> None:
    async with receiving() as receiver:
        sender = Sender(timeout_s=5, allow_private=True, allowed_hosts=["lms.example"])
        outcome = await sender.send(*a_delivery(receiver.url()), NOW)
        await sender.close()
    assert outcome.status is None and "webhooks.allowed_hosts" in outcome.answer
    assert receiver.received == []


async def test_a_receiver_leads_nowhere_else() -> None:
    async with receiving() as receiver:
        receiver.answer = lambda request: web.Response(
            status=307, headers={"Location": receiver.url("/there")}
        )
        sender = Sender(timeout_s=5, allow_private=True)
        outcome = await sender.send(*a_delivery(receiver.url("/here")), NOW)
        await sender.close()
    assert outcome.status == 307 and not outcome.delivered
    assert [one.path for one in receiver.received] == ["/here"]


async def test_a_receiver_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    files = ensure_self_made(tmp_path, ["localhost", "127.0.0.1"], dt.datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    got: list[bytes] = []

    async def handle(request: web.Request) -> web.Response:
        got.append(await request.read())
        return web.Response()

    application = web.Application()
    application.router.add_post("/hook", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    sender = Sender(timeout_s=5, allow_private=True)
    outcome = await sender.send(*a_delivery(f"https://127.0.0.1:{runner.addresses[0][1]}/hook"), NOW)
    await sender.close()
    await runner.cleanup()
    assert outcome.status is None and "certificate" in outcome.answer.lower()
    assert got == []


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "gopher://x/1"]
)
def test_other_schemes_than_https_are_no_addresses(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        check_url(url, allow_private=True)
