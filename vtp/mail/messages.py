"""A stored mail as a message (RFC 5322).

Every header goes through the standard library's policies, which refuse line breaks: nothing that people write
adds a header.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email import policy
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy
from email.utils import format_datetime

from vtp.mail.addresses import read_sender, to_address
from vtp.mail.outbox import Calendar


class _AddressOfAPage(UnstructuredHeader, BaseHeader):
    """One line, which may have 998 characters (RFC 5322, 2.1.1): the library would fold a long one into
    encoded words, which no program takes for an address."""

    def fold(self, *, policy: Policy) -> str:
        """See `BaseHeader`."""
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _AddressOfAPage)
_WITH_ADDRESSES = policy.SMTP.clone(header_factory=_HEADERS)


def build_message(
    *,
    mail_id: str,
    sender: str,
    to: str,
    subject: str,
    text: str,
    created_at: datetime,
    calendars: Sequence[Calendar] = (),
    unsubscribe: str = "",
) -> EmailMessage:
    """The message; raises ValueError for an address or a subject that no header can hold.

    `unsubscribe`: an address for `List-Unsubscribe`, good for one call (RFC 8058).

    `Message-ID` is made from the mail's own id: should a mail be sent twice, programs show it once.
    """
    author = read_sender(sender)
    message = EmailMessage(policy=_WITH_ADDRESSES)
    message["From"] = author
    message["To"] = to_address(to)
    message["Subject"] = subject
    message["Date"] = format_datetime(created_at)
    message["Message-ID"] = f"<{mail_id}@{author.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to this
    if unsubscribe:
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(text, charset="utf-8")
    for number, one in enumerate(calendars):
        if number == 0:  # what programs show buttons for (RFC 6047, 2.4); the others are files beside it
            method = {"method": one.method}
            message.add_alternative(one.text, subtype="calendar", charset="utf-8", params=method)
        name = "lesson.ics" if len(calendars) == 1 else f"lesson-{number + 1}.ics"
        message.add_attachment(one.text.encode(), maintype="application", subtype="ics", filename=name)
    return message
