"""Mails to be sent: put into the database within the transaction that they tell of, so that neither is there
without the other. `Sender` takes them from there.
"""

from __future__ import annotations

import asyncio
import enum
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.ids import new_id
from vtp.mail.addresses import masked
from vtp.mail.tables import mails
from vtp.sealing import Sealer

logger = logging.getLogger(__name__)

MAX_SUBJECT_CHARACTERS = 255
TURN = 50  # mails, which are sealed one by one
_MARK = "vtp_mail"


class MailKind(enum.StrEnum):
    """What a mail is about."""

    VERIFY_EMAIL = "verify_email"
    CHANGE_EMAIL = "change_email"
    RESET_PASSWORD = "reset_password"
    INVITATION = "invitation"
    NOTICE = "notice"
    LESSON = "lesson"
    NEWS = "news"
    DIGEST = "digest"
    TEST = "test"


URGENT = frozenset({MailKind.VERIFY_EMAIL, MailKind.CHANGE_EMAIL, MailKind.RESET_PASSWORD, MailKind.TEST})
"""What somebody sits before a page and waits for: before invitations and notices, which come in bulk."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """An iCalendar object that a mail carries, and its method (RFC 6047): `REQUEST`, `CANCEL`."""

    method: str
    text: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person; after `ttl` it is of no use any more and is given up."""

    kind: MailKind
    to: str
    subject: str
    text: str
    user_id: str | None
    ttl: timedelta
    calendars: Sequence[Calendar] = ()
    unsubscribe: str = ""  # where one says, by one call, that one wants no more of these (RFC 8058)


class Outbox:
    """`sends` says whether an SMTP server is set: without one, mails wait for an administrator to hand on.

    Bodies are sealed, because they hold links that open accounts.
    """

    def __init__(
        self, sealer: Sealer, *, sends: bool, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.sends = sends
        self._sealer = sealer
        self._clock = clock
        self._listeners: list[Callable[[], None]] = []

    async def put(self, tx: AsyncConnection, mail: Mail) -> str:
        """Adds a mail to a transaction and gives its id; it is sent once that is committed."""
        row = self._row(mail)
        await tx.execute(insert(mails).values(row))
        self._wake_after(tx)
        if not self.sends:
            logger.info(
                "A mail (%s) to %s waits: no SMTP server is set. Read it at /mails as administrator.",
                mail.kind.value,
                masked(mail.to),
            )
        return str(row["id"])

    async def put_all(self, tx: AsyncConnection, those: Sequence[Mail]) -> None:
        """The same with many, about which the log has one line."""
        if not those:
            return
        for start in range(0, len(those), TURN):  # others are served meanwhile
            await tx.execute(insert(mails), [self._row(one) for one in those[start : start + TURN]])
            await asyncio.sleep(0)
        self._wake_after(tx)
        if not self.sends:
            logger.info("%d mails wait: no SMTP server is set.", len(those))

    def _row(self, mail: Mail) -> dict[str, Any]:
        now = self._clock()
        carried = json.dumps([[one.method, one.text] for one in mail.calendars], ensure_ascii=False)
        return {
            "id": new_id(),
            "kind": mail.kind.value,
            "user_id": mail.user_id,
            "to_address": mail.to,
            "subject": mail.subject[:MAX_SUBJECT_CHARACTERS],
            "body": self._sealer.seal(mail.text),
            "calendars": self._sealer.seal(carried) if mail.calendars else None,
            "unsubscribe": self._sealer.seal(mail.unsubscribe) if mail.unsubscribe else None,
            "created_at": now,
            "expires_at": now + mail.ttl,
            "attempts": 0,
            "next_try_at": now if self.sends else None,
        }

    def unseal_calendars(self, stored: str | None) -> list[Calendar]:
        """What a stored mail carries for calendars. Raises ValueError as `unseal`."""
        return [Calendar(*one) for one in json.loads(self._sealer.unseal(stored))] if stored else []

    def unseal(self, body: str) -> str:
        """The text of a stored body. Raises ValueError when another key sealed it."""
        return self._sealer.unseal(body)

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Calls `listener` when there may be something to send."""
        self._listeners.append(listener)

    def wake(self) -> None:
        """Says that there may be something to send."""
        for listener in self._listeners:
            listener()

    def _wake_after(self, tx: AsyncConnection) -> None:
        """Wakes when the connection is given back: the transaction is over then, whoever began it."""
        connection = tx.sync_connection
        if connection is None or not self._listeners:
            return
        pool = connection.engine.pool
        if not event.contains(pool, "checkin", self._given_back):
            event.listen(pool, "checkin", self._given_back)
        connection.info[_MARK] = True

    def _given_back(self, _connection: Any, record: Any) -> None:
        if record.info.pop(_MARK, False):
            self.wake()
