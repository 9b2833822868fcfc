"""What crosses the wire about mails."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.accounts.schemas import Email
from vtp.http.pagination import Page
from vtp.mail.store import StoredMail


class MailReply(BaseModel):
    """One mail without its text. `has_body`: it is neither sent nor expired, so the text can be read."""

    mail_id: str
    kind: str
    to: str
    subject: str
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    failed_at: datetime | None
    next_try_at: datetime | None
    attempts: int
    last_error: str | None
    has_body: bool

    @classmethod
    def of(cls, mail: StoredMail) -> Self:
        """What is told of a mail."""
        same = {name: getattr(mail, name) for name in cls.model_fields if hasattr(mail, name)}
        return cls(mail_id=mail.id, to=mail.to_address, has_body=mail.body is not None, **same)


class MailWithBody(MailReply):
    """One mail with its text, if it still has one."""

    body: Annotated[str | None, Field(description="Null once the mail is sent or has expired.")] = None


class MailPage(Page[MailReply]):
    """One page of mails."""


class TestMailRequest(BaseModel):
    """Where a test goes."""

    __test__ = False  # no test class, whatever its name says to pytest

    model_config = ConfigDict(extra="forbid")

    to: Email
