"""Sends what is in the outbox, a few mails at once, until they are taken or too late.

What somebody waits for goes first: an import of two thousand people holds up no link for a new password.
Several processes may send from one database: who claims a mail has it alone for a while. A process that dies
between the server's yes and the note of it leaves that mail to be sent once more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from vtp.db import Database
from vtp.errors import Unavailable
from vtp.mail.addresses import masked
from vtp.mail.messages import build_message
from vtp.mail.outbox import URGENT, Calendar, Outbox
from vtp.mail.places import Places
from vtp.mail.smtp import RefusedError, send
from vtp.mail.store import StoredMail, change_mail, claim, expire, forget_mails, next_due
from vtp.settings import MailSettings
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

RETRY_DELAYS_S = (10, 60, 300, 900, 1800, 3600)  # the last one again and again, until a mail expires
LOOK_AGAIN_S = 30.0  # for what another process has put
UPKEEP_S = 3600.0
LAST_MAIL_S = 2.0  # of the time that the server's end has
LEASE_BEYOND_S = 60  # of a claim, after the time that sending may take
MAX_ERROR_CHARACTERS = 255


class Sender:
    """To be made within a running event loop; `run` for ever, once."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        settings: MailSettings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._settings = settings
        self._clock = clock
        self._news = asyncio.Event()
        self._places = Places(settings.connections)
        self._sends = Tasks()
        self._closing = False
        self._ended = asyncio.Event()
        self._upkeep_at = clock() + timedelta(seconds=LOOK_AGAIN_S)  # not while the server starts
        self.sent = self.failed = self.failed_tries = 0
        outbox.add_listener(self._news.set)

    async def run(self) -> None:
        """Sends until `close`; rests until there is news or it is time to look again."""
        try:
            while not self._closing:
                self._news.clear()
                wait_s = await self._turn()
                if not self._closing:
                    await self._rest(wait_s)
        finally:
            self._ended.set()

    async def close(self) -> None:
        """Ends `run` with the mails that are on their way, so that they are not sent once more at the next
        start."""
        self._closing = True
        self._news.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_MAIL_S):
                await self._ended.wait()
                await self._sends.settle()  # where the database is away, `run` has ended without them
        await self._sends.close()

    async def _turn(self) -> float:
        try:
            await self._keep_up()
            return await self.send_due() if self._outbox.sends else LOOK_AGAIN_S
        except Unavailable:
            return LOOK_AGAIN_S
        except Exception:  # of one mail, say: to send none any more, until the next start, would be worse
            logger.exception("Mails could not be sent.")
            return LOOK_AGAIN_S

    async def _rest(self, most_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await self._news.wait()

    async def send_due(self) -> float:
        """Tries all that is due; gives for how long nothing is, `LOOK_AGAIN_S` at most."""
        while not self._closing:
            self._news.clear()  # also of a place that becomes free
            now = self._clock()
            mail = await self._next(now)
            if mail is not None and _is_due(mail, now):
                if await self._claim(mail, now):
                    place = ExitStack()
                    place.enter_context(self._places.take(urgent=mail.kind in URGENT))
                    self._sends.start(self._try_in(place, mail), f"mail {mail.id}")
                continue
            wait_s = _until(mail, now)
            if not self._places.taken:
                return wait_s
            await self._rest(wait_s)
        await self._sends.settle()
        return LOOK_AGAIN_S

    async def _next(self, now: datetime) -> StoredMail | None:
        """What is to be tried next of what there is a place for: what somebody waits for, if it is due."""
        if not self._places.has_room(urgent=True):
            return None
        async with self._database.read() as tx:
            urgent = await next_due(tx, URGENT)
            if _is_due(urgent, now) or not self._places.has_room(urgent=False):
                return urgent
            return await next_due(tx)

    async def _try_in(self, place: ExitStack, mail: StoredMail) -> None:
        try:
            with place:
                await self._try(mail)
        finally:
            self._news.set()

    async def send_now(
        self, mail: StoredMail, text: str, calendars: Sequence[Calendar] = (), unsubscribe: str = ""
    ) -> None:
        """Sends one mail at once, whatever the outbox holds. Raises RefusedError."""
        try:
            message = build_message(
                mail_id=mail.id,
                sender=self._settings.sender,
                to=mail.to_address,
                subject=mail.subject,
                text=text,
                created_at=mail.created_at,
                calendars=calendars,
                unsubscribe=unsubscribe,
            )
        except ValueError as error:
            raise RefusedError(str(error), permanent=True) from error
        await send(self._settings, message)

    def numbers(self) -> dict[str, float]:
        """For the metrics."""
        return {"sent": self.sent, "failed": self.failed, "failed_tries": self.failed_tries}

    async def _claim(self, mail: StoredMail, now: datetime) -> bool:
        lease_s = 2 * self._settings.timeout_s + LEASE_BEYOND_S
        async with self._database.transaction() as tx:
            if mail.expires_at <= now:
                self.failed += await expire(tx, now)
                return False
            return await claim(tx, mail, now + timedelta(seconds=lease_s))

    async def _try(self, mail: StoredMail) -> None:
        try:
            await self.send_now(
                mail,
                self._outbox.unseal(mail.body or ""),
                self._outbox.unseal_calendars(mail.calendars),
                self._outbox.unseal(mail.unsubscribe) if mail.unsubscribe else "",
            )
        except RefusedError as refusal:
            await self._note_refusal(mail, refusal)
        except ValueError:
            await self._note_refusal(
                mail, RefusedError("The key that sealed this mail is gone.", permanent=True)
            )
        else:
            self.sent += 1
            sent = {"sent_at": self._clock(), "body": None, "calendars": None, "unsubscribe": None}
            sent |= {"next_try_at": None, "last_error": None}
            await self._save(mail, sent)

    async def _note_refusal(self, mail: StoredMail, refusal: RefusedError) -> None:
        now, tries = self._clock(), mail.attempts + 1
        again = now + timedelta(seconds=RETRY_DELAYS_S[min(tries, len(RETRY_DELAYS_S)) - 1])
        gives_up = refusal.permanent or again >= mail.expires_at
        self.failed_tries += 1
        self.failed += gives_up
        reason = one_line(refusal.reason)
        logger.warning(
            "A mail (%s) to %s was not taken%s: %s",
            mail.kind,
            masked(mail.to_address),
            " and is given up" if gives_up else "",
            reason,
        )
        changes = {"failed_at": now, "next_try_at": None} if gives_up else {"next_try_at": again}
        await self._save(mail, {**changes, "last_error": reason})

    async def _save(self, mail: StoredMail, changes: dict[str, Any]) -> None:
        """Keeps what came of a try, also where the database is away meanwhile."""
        while True:
            try:
                async with self._database.transaction() as tx:
                    await change_mail(tx, mail.id, changes)
                return
            except Unavailable as error:
                await asyncio.sleep(error.retry_after_s)

    async def _keep_up(self) -> None:
        """Forgets texts that are of no use any more, and old mails, now and then."""
        now = self._clock()
        if now < self._upkeep_at:
            return
        async with self._database.transaction() as tx:
            self.failed += await expire(tx, now)
            await forget_mails(tx, now - timedelta(days=self._settings.keep_days))
        self._upkeep_at = now + timedelta(seconds=UPKEEP_S)


def _is_due(mail: StoredMail | None, now: datetime) -> bool:
    return mail is not None and mail.next_try_at is not None and mail.next_try_at <= now


def _until(mail: StoredMail | None, now: datetime) -> float:
    if mail is None or mail.next_try_at is None:
        return LOOK_AGAIN_S
    return min((mail.next_try_at - now).total_seconds(), LOOK_AGAIN_S)


def one_line(reason: str) -> str:
    """What a mail server said, as one line that fits its column."""
    return "".join(c if c.isprintable() else " " for c in reason)[:MAX_ERROR_CHARACTERS]
