"""Mails as administrators see them: what was sent, what could not be, and links to hand on without SMTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, require
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, Gone, NotFound, UpstreamFailed
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id
from vtp.mail import letters
from vtp.mail.addresses import masked
from vtp.mail.outbox import Outbox
from vtp.mail.sender import Sender, one_line
from vtp.mail.smtp import RefusedError
from vtp.mail.store import StoredMail, change_mail, find_mail, page_of_mails


class Mails:
    """Every method raises Forbidden."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        sender: Sender,
        audit: AuditLog,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._sender = sender
        self.numbers = sender.numbers  # for the metrics
        self._audit = audit
        self._clock = clock

    async def page(self, principal: Principal, *, limit: int, before: str | None) -> list[StoredMail]:
        """Mails, newest first, whose bodies stay sealed."""
        require(principal, Action.SERVER_MANAGE)
        async with self._database.read() as tx:
            return await page_of_mails(tx, limit=limit, before=before)

    async def read(self, principal: Principal, mail_id: str, origin: Origin) -> tuple[StoredMail, str | None]:
        """One mail and its text, if it still has one; that somebody read it goes into the audit log.

        Raises NotFound, Invalid for a malformed id.
        """
        require(principal, Action.SERVER_MANAGE)
        mail_id = parse_id(mail_id, "/path/mail_id")
        async with self._database.transaction() as tx:
            mail = _found(await find_mail(tx, mail_id))
            if mail.body is None or mail.expires_at <= self._clock():
                return mail, None
            await self._note(tx, Event.MAIL_READ, principal, mail, origin)
        return mail, self._text_of(mail)

    @done_over
    async def retry(self, principal: Principal, mail_id: str, origin: Origin) -> StoredMail:
        """Sends an unsent mail as soon as possible.

        Raises NotFound, Gone when it was sent or has expired, Conflict without an SMTP server.
        """
        require(principal, Action.SERVER_MANAGE)
        mail_id = parse_id(mail_id, "/path/mail_id")
        self._check_smtp()
        now = self._clock()
        async with self._database.transaction() as tx:
            mail = _found(await find_mail(tx, mail_id))
            if mail.body is None or mail.expires_at <= now:
                raise Gone("This mail was sent or has expired: let a new one be made.", code="mail_over")
            await change_mail(tx, mail_id, {"next_try_at": now, "failed_at": None})
            retried = _found(await find_mail(tx, mail_id))
            await self._note(tx, Event.MAIL_RETRIED, principal, mail, origin)
        self._outbox.wake()
        return retried

    async def test(self, principal: Principal, to: str, origin: Origin) -> None:
        """Sends a mail now, and notes it whatever comes of it.

        Raises Conflict without a mail server, UpstreamFailed with its words.
        """
        require(principal, Action.SERVER_MANAGE)
        self._check_smtp()
        mail, now = letters.test(to, principal.user_id), self._clock()
        stored = StoredMail(
            id=new_id(),
            kind=mail.kind.value,
            user_id=mail.user_id,
            to_address=to,
            subject=mail.subject,
            body=None,
            created_at=now,
            expires_at=now + mail.ttl,
            sent_at=None,
            failed_at=None,
            attempts=0,
            next_try_at=None,
            last_error=None,
        )
        details = {"to": masked(to)}
        await self._audit.note(Event.MAIL_TESTED, origin, actor_id=principal.user_id, details=details)
        try:
            await self._sender.send_now(stored, mail.text)
        except RefusedError as refusal:
            reason = one_line(refusal.reason).rstrip(".")
            raise UpstreamFailed(
                f"The mail server did not take it: {reason}.", code="smtp_failed"
            ) from refusal

    async def _note(
        self, tx: AsyncConnection, event: Event, principal: Principal, mail: StoredMail, origin: Origin
    ) -> None:
        details = {"kind": mail.kind, "user_id": mail.user_id}
        subject = f"mail:{mail.id}"
        await self._audit.record(
            tx, event, origin, actor_id=principal.user_id, subject=subject, details=details
        )

    def _check_smtp(self) -> None:
        if not self._outbox.sends:
            raise Conflict("No SMTP server is set: set mail.host and restart the server.", code="no_smtp")

    def _text_of(self, mail: StoredMail) -> str | None:
        try:
            return self._outbox.unseal(mail.body or "")
        except ValueError:
            return None  # the key file was replaced since


def _found(mail: StoredMail | None) -> StoredMail:
    if mail is None:
        raise NotFound("There is no such mail.")
    return mail
