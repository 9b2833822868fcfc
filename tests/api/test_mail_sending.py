"""Mails on their way: put with what they tell of, sent to a real SMTP server, tried again, never twice."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.serving import Api, serving
from tests.smtp_server import PATIENCE_S, SENDER, Mailbox, mail_settings, smtp_server, text_of
from vtp.http.tls import make_certificate
from vtp.mail.letters import test as letter_of_test
from vtp.mail.messages import build_message
from vtp.mail.outbox import URGENT, Mail, MailKind, Outbox
from vtp.mail.sender import Sender
from vtp.mail.smtp import RefusedError, send
from vtp.mail.store import StoredMail, find_mail
from vtp.mail.tables import mails
from vtp.settings import MailSettings

LETTER = replace(
    letter_of_test("ada@school.example", None), text="Grüße: a link, https://x.example/#token=1\n"
)


@asynccontextmanager
async def serving_mail(tmp_path: Path, database_url: str, mailbox: Mailbox) -> AsyncIterator[Api]:
    async with serving(tmp_path / "data", database_url, mail=mail_settings(mailbox)) as api:
        yield api


async def put(api: Api, mail: Mail = LETTER) -> str:
    async with api.server.services.database.transaction() as tx:
        return await api.server.services.accounts.mails.put(tx, mail)


async def stored(api: Api, mail_id: str) -> StoredMail:
    async with api.server.services.database.read() as tx:
        mail = await find_mail(tx, mail_id)
    assert mail is not None
    return mail


async def until_noted(api: Api, mail_id: str, *, sent: bool = False) -> StoredMail:
    """The mail once the sender has kept what came of it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            mail = await stored(api, mail_id)
            if mail.sent_at or (mail.last_error and not sent):
                return mail
            await asyncio.sleep(0.01)


async def test_a_mail_is_sent_as_soon_as_what_it_tells_of_is_stored(
    tmp_path: Path, database_url: str
) -> None:
    async with smtp_server() as mailbox, serving_mail(tmp_path, database_url, mailbox) as api:
        mail_id = await put(api)
        message = await mailbox.next_to(LETTER.to)
        assert (str(message["From"]), str(message["Subject"])) == (SENDER, LETTER.subject)
        assert message["Message-ID"] == f"<{mail_id}@school.example>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Date"]
        assert text_of(message) == LETTER.text
        mail = await until_noted(api, mail_id)
        assert mail.sent_at is not None
        assert mail.body is None


async def test_a_mail_whose_transaction_fails_is_not_sent(tmp_path: Path, database_url: str) -> None:
    async with smtp_server() as mailbox, serving_mail(tmp_path, database_url, mailbox) as api:
        with pytest.raises(LookupError):
            async with api.server.services.database.transaction() as tx:
                await api.server.services.accounts.mails.put(tx, LETTER)
                raise LookupError
        await put(api, replace(LETTER, to="grace@school.example"))
        await mailbox.next_to("grace@school.example")
        assert mailbox.messages == []


async def test_bodies_are_unreadable_in_the_database(tmp_path: Path, database_url: str) -> None:
    async with serving(tmp_path / "data", database_url) as api:
        mail_id = await put(api)
        body = (await stored(api, mail_id)).body
        assert body is not None
        assert "token" not in body
        assert api.server.services.accounts.mails.unseal(body) == LETTER.text


async def test_what_the_server_refuses_for_now_is_tried_again(tmp_path: Path, database_url: str) -> None:
    async with smtp_server() as mailbox, serving_mail(tmp_path, database_url, mailbox) as api:
        mailbox.refusal = "451 Try again later"
        mail_id = await put(api)
        mail = await until_noted(api, mail_id)
        assert mail.last_error == "451 Try again later"
        assert mail.failed_at is None
        assert mail.next_try_at is not None
        assert mail.next_try_at - mail.created_at >= timedelta(seconds=10)
        mailbox.refusal = ""
        async with api.server.services.database.transaction() as tx:
            await tx.execute(update(mails).values(next_try_at=mail.created_at))
        api.server.services.accounts.mails.wake()
        await mailbox.next_to(LETTER.to)
        assert (await until_noted(api, mail_id, sent=True)).last_error is None


async def test_an_address_that_does_not_exist_is_given_up_at_once(tmp_path: Path, database_url: str) -> None:
    async with smtp_server() as mailbox, serving_mail(tmp_path, database_url, mailbox) as api:
        mailbox.refusal = "550 No such user"
        mail = await until_noted(api, await put(api))
        assert mail.failed_at is not None
        assert mail.next_try_at is None
        assert mail.last_error == "550 No such user"


async def test_a_mail_that_is_too_late_is_given_up_and_its_text_deleted(
    tmp_path: Path, database_url: str
) -> None:
    async with smtp_server() as mailbox, serving_mail(tmp_path, database_url, mailbox) as api:
        mailbox.refusal = "451 Try again later"
        mail = await until_noted(api, await put(api))
        async with api.server.services.database.transaction() as tx:
            await tx.execute(update(mails).values(next_try_at=mail.created_at, expires_at=mail.created_at))
        tries = mailbox.tries
        sender = Sender(
            api.server.services.database, api.server.services.accounts.mails, mail_settings(mailbox)
        )
        await sender.send_due()
        mail = await stored(api, mail.id)
        assert (mail.body, mail.next_try_at, mailbox.tries) == (None, None, tries)
        assert mail.failed_at is not None


@pytest.mark.both_databases
async def test_two_processes_never_send_the_same_mail(tmp_path: Path, database_url: str) -> None:
    async with smtp_server() as mailbox, serving(tmp_path / "data", database_url) as api:
        database, sealer = api.server.services.database, api.server.services.accounts.sealer
        outbox = Outbox(sealer, sends=True)
        async with database.transaction() as tx:
            for number in range(24):
                kind = MailKind.INVITATION if number % 2 else MailKind.RESET_PASSWORD
                await outbox.put(tx, replace(LETTER, kind=kind, to=f"n{number}@school.example"))
        senders = [Sender(database, outbox, mail_settings(mailbox)) for _ in range(4)]
        await asyncio.gather(*(sender.send_due() for sender in senders))
        assert sorted(mailbox.recipients) == sorted(f"n{number}@school.example" for number in range(24))
        assert sum(sender.sent for sender in senders) == 24


async def test_what_somebody_waits_for_overtakes_a_school_full_of_invitations(
    tmp_path: Path, database_url: str, mailbox: Mailbox
) -> None:
    """One place is kept for it, and it is next whenever another becomes free."""
    async with serving_mail(tmp_path, database_url, mailbox) as api:
        mailbox.gate.clear()
        for number in range(20):
            await put(api, replace(LETTER, kind=MailKind.INVITATION, to=f"new{number}@school.example"))
        await mailbox.wait_for(lambda: mailbox.held == 3)
        waiting = [f"{kind.value}@school.example" for kind in sorted(URGENT)]
        for kind, to in zip(sorted(URGENT), waiting, strict=True):
            await put(api, replace(LETTER, kind=kind, to=to))
        await mailbox.wait_for(lambda: mailbox.held == 4)
        mailbox.gate.set()
        await mailbox.wait_for(lambda: len(mailbox.recipients) == 24)
        assert set(waiting) <= set(mailbox.recipients[:12])
        assert mailbox.most_held == 4
        assert len(set(mailbox.recipients)) == 24


async def test_as_many_mails_are_on_their_way_as_the_setting_says(
    tmp_path: Path, database_url: str, mailbox: Mailbox
) -> None:
    one_by_one = mail_settings(mailbox, connections=1)
    async with serving(tmp_path / "data", database_url, mail=one_by_one) as api:
        for number in range(5):
            await put(api, replace(LETTER, kind=MailKind.INVITATION, to=f"new{number}@school.example"))
        await mailbox.wait_for(lambda: len(mailbox.recipients) == 5)
        assert mailbox.most_held == 1


async def test_a_server_that_ends_waits_for_the_mail_that_is_on_its_way(
    tmp_path: Path, database_url: str, mailbox: Mailbox
) -> None:
    async with serving_mail(tmp_path, database_url, mailbox) as api:
        mailbox.gate.clear()
        mail_id = await put(api)
        await mailbox.wait_for(lambda: mailbox.held > 0)
        sender = asyncio.ensure_future(api.server.close())
        mailbox.gate.set()
        await sender
    async with serving_mail(tmp_path, database_url, mailbox) as api:
        assert (await stored(api, mail_id)).sent_at is not None
    assert mailbox.recipients == [LETTER.to]


async def test_line_breaks_in_a_subject_add_no_header(tmp_path: Path, database_url: str) -> None:
    async with smtp_server() as mailbox, serving_mail(tmp_path, database_url, mailbox) as api:
        mail = await until_noted(api, await put(api, replace(LETTER, subject="A\r\nBcc: eve@evil.example")))
        assert mail.failed_at is not None
        assert mailbox.tries == 0


WIRE_ADDRESSES = {
    "ada@schüle.example": "ada@xn--schle-mva.example",
    "åda@school.example": "åda@school.example",
    "o'neil+class@school.example": "o'neil+class@school.example",
}


def message_to(address: str) -> EmailMessage:
    return build_message(
        mail_id="1", sender=SENDER, to=address, subject="Grüße", text="x", created_at=datetime.now(UTC)
    )


async def test_addresses_of_all_scripts_get_mail() -> None:
    async with smtp_server() as mailbox:
        for address, wire in WIRE_ADDRESSES.items():
            await send(mail_settings(mailbox), message_to(address))
            assert mailbox.recipients.pop() == wire


@asynccontextmanager
async def secure_server(tmp_path: Path, *, at_once: bool) -> AsyncIterator[tuple[Mailbox, MailSettings]]:
    """A server with a certificate of its own and a password, and settings that trust and know them."""
    certificate, key = make_certificate(["localhost"], datetime.now(UTC))
    chain, keys = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(certificate)
    keys.write_bytes(key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, keys)
    async with smtp_server(tls=context, login=("vtp", "secret"), tls_at_once=at_once) as mailbox:
        yield (
            mailbox,
            mail_settings(
                mailbox,
                host="localhost",
                security="tls" if at_once else "starttls",
                username="vtp",
                password="secret",
                ca_file=str(chain),
            ),
        )


@pytest.mark.parametrize("at_once", [False, True])
async def test_mail_goes_by_tls_with_a_password(tmp_path: Path, at_once: bool) -> None:
    async with secure_server(tmp_path, at_once=at_once) as (mailbox, settings):
        await send(settings, message_to("ada@school.example"))
        assert mailbox.recipients == ["ada@school.example"]


@pytest.mark.parametrize("change", [{"ca_file": ""}, {"host": "127.0.0.1"}, {"password": "wrong"}])
async def test_a_server_that_is_not_who_it_should_be_gets_nothing(
    tmp_path: Path, change: dict[str, str]
) -> None:
    async with secure_server(tmp_path, at_once=False) as (mailbox, settings):
        changed = MailSettings.model_validate(settings.model_dump() | change)
        with pytest.raises(RefusedError) as caught:
            await send(changed, message_to("ada@school.example"))
        assert not caught.value.permanent
        assert mailbox.tries == 0


async def test_a_server_without_tls_gets_no_password() -> None:
    async with smtp_server() as mailbox:
        with pytest.raises(RefusedError):
            await send(mail_settings(mailbox, security="starttls"), message_to("ada@school.example"))
        assert mailbox.tries == 0


async def test_a_server_that_is_away_is_a_reason_to_try_again() -> None:
    async with smtp_server() as mailbox:
        gone = mail_settings(mailbox)
    with pytest.raises(RefusedError) as caught:
        await send(gone, message_to("ada@school.example"))
    assert not caught.value.permanent
