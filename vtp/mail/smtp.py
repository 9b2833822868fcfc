"""Hands a message to the configured SMTP server; the server's words when it will not take it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import TYPE_CHECKING

from vtp.settings import MailSettings

if TYPE_CHECKING:
    import aiosmtplib

_PERMANENT = range(500, 600)


class RefusedError(Exception):
    """Why a mail was not taken; `permanent`: trying again would not help (RFC 5321, 4.2.1)."""

    def __init__(self, reason: str, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent


async def send(settings: MailSettings, message: EmailMessage) -> None:
    """Sends one message on a connection of its own. Raises RefusedError.

    The server's certificate is checked, always; `starttls` is never done without.
    """
    with _refusals(ascii_only=message["To"].addresses[0].username.isascii()):
        async with asyncio.timeout(2 * settings.timeout_s), _client(settings) as client:
            await client.send_message(message)


async def sign_in(settings: MailSettings) -> None:
    """Does what `send` begins with, and sends nothing. Raises RefusedError."""
    with _refusals():
        async with asyncio.timeout(settings.timeout_s), _client(settings):
            pass


@contextmanager
def _refusals(*, ascii_only: bool = True) -> Iterator[None]:
    """What goes wrong, in the server's words. `ascii_only`: of the address written to."""
    import aiosmtplib  # here, because most starts of the program send no mail

    try:
        yield
    except aiosmtplib.SMTPRecipientsRefused as error:
        first = error.recipients[0]
        raise RefusedError(f"{first.code} {first.message}", first.code in _PERMANENT) from error
    except aiosmtplib.SMTPAuthenticationError as error:
        raise RefusedError(f"{error.code} {error.message}") from error
    except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
        raise RefusedError(f"{error.code} {error.message}", error.code in _PERMANENT) from error
    except aiosmtplib.SMTPNotSupported as error:
        raise RefusedError(str(error), permanent=not ascii_only) from error
    except TimeoutError as error:
        raise RefusedError("The mail server did not answer in time.") from error
    except (aiosmtplib.SMTPException, OSError, ssl.SSLError, ValueError) as error:
        raise RefusedError(str(error) or type(error).__name__) from error


def _client(settings: MailSettings) -> aiosmtplib.SMTP:
    import aiosmtplib

    return aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port,
        username=settings.username or None,
        password=settings.password.get_secret_value() or None,
        timeout=settings.timeout_s,
        use_tls=settings.security == "tls",
        start_tls=settings.security == "starttls",
        validate_certs=True,
        cert_bundle=settings.ca_file or None,
    )
