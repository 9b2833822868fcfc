"""A real SMTP server in the test's process (aiosmtpd): keeps what it takes, refuses what a test says."""

from __future__ import annotations

import asyncio
import email
import re
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from vtp.settings import MailSettings

PATIENCE_S = 60.0  # with a busy machine: what comes at once on an idle one takes its time there
SENDER = "Example School <school@school.example>"


class Mailbox:
    """What arrived, in order, and how the server answers: `refusal` in place of 250, `gate` holds it up."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refusal = ""
        self.tries = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.port = self.held = self.most_held = 0
        self._news = asyncio.Condition()

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.tries += 1
        if self.refusal:
            await self._tell()
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.held += 1
        self.most_held = max(self.most_held, self.held)
        await self._tell()
        await self.gate.wait()
        self.held -= 1
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.recipients += envelope.rcpt_tos
        await self._tell()
        return "250 OK"

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(condition)

    async def next_to(self, address: str, subject: str = "") -> EmailMessage:
        """The oldest mail to an address (with these words in its subject) that was not asked for yet."""

        def found() -> EmailMessage | None:
            for message in self.messages:
                if str(message["To"]) == address and subject in str(message["Subject"]):
                    return message
            return None

        await self.wait_for(lambda: found() is not None)
        message = found()
        assert message is not None
        self.messages.remove(message)
        return message

    async def token_to(self, address: str, subject: str = "") -> str:
        """The token of the link in the next mail to an address."""
        return token_in(text_of(await self.next_to(address, subject)))

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


def text_of(message: EmailMessage) -> str:
    text: str = message.get_content()
    return text.replace("\r\n", "\n")


def token_in(text: str) -> str:
    found = re.search(r"#token=([\w-]{43})\b", text)
    assert found, text
    return found[1]


def mail_settings(mailbox: Mailbox, **changes: Any) -> MailSettings:
    """Settings that send to a mailbox's server."""
    plain = {
        "host": "127.0.0.1",
        "port": mailbox.port,
        "security": "none",
        "sender": SENDER,
        "timeout_s": 5.0,
    }
    return MailSettings.model_validate(plain | changes)


@asynccontextmanager
async def smtp_server(
    *, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None, tls_at_once: bool = False
) -> AsyncIterator[Mailbox]:
    """A server on a port of its own; with `tls` it demands STARTTLS, with `login` a name and a password."""
    mailbox = Mailbox()

    def check(
        _server: object, _session: object, _envelope: object, _mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login.decode(), data.password.decode()) == login)

    def connection() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a password outside of STARTTLS: there is TLS around it
            return new_connection()

    def new_connection() -> SMTP:
        return SMTP(
            mailbox,
            hostname="mail.school.example",
            enable_SMTPUTF8=True,
            tls_context=None if tls_at_once else tls,
            require_starttls=tls is not None and not tls_at_once,
            authenticator=check if login else None,
            auth_required=login is not None,
            auth_require_tls=not tls_at_once,
            loop=asyncio.get_running_loop(),
        )

    with socket.create_server(("127.0.0.1", 0)) as listener:
        mailbox.port = listener.getsockname()[1]
        server = await asyncio.get_running_loop().create_server(
            connection, sock=listener, ssl=tls if tls_at_once else None
        )
        try:
            yield mailbox
        finally:
            server.close()
