"""A stored mail as a message (RFC 5322).

Every header goes through the standard library's policies, which refuse line breaks: nothing that people write
adds a header.
"""

from __future__ import annotations

from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from vtp.mail.addresses import read_sender, to_address


def build_message(
    *, mail_id: str, sender: str, to: str, subject: str, text: str, created_at: datetime
) -> EmailMessage:
    """The message; raises ValueError for an address or a subject that no header can hold.

    `Message-ID` is made from the mail's own id: should a mail be sent twice, programs show it once.
    """
    author = read_sender(sender)
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = author
    message["To"] = to_address(to)
    message["Subject"] = subject
    message["Date"] = format_datetime(created_at)
    message["Message-ID"] = f"<{mail_id}@{author.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to this
    message.set_content(text, charset="utf-8")
    return message
