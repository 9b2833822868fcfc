"""What somebody wants by mail: at once, once a day, not at all; and when the day's mail comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import FieldError, Invalid
from vtp.http.identity import Principal
from vtp.notifications.choice_store import (
    DigestTime,
    choices_of,
    digest_time_of,
    drop_mails,
    set_choices,
    set_digest_time,
)
from vtp.notifications.kinds import Kind, Kinds, MailChoice
from vtp.notifications.service import own_account


@dataclass(frozen=True, slots=True)
class Choices:
    """What holds for somebody: of each kind, and when what comes once a day does."""

    kinds: list[tuple[Kind, MailChoice]]
    digest: DigestTime


class NotificationChoices:
    """One's own. Methods raise Forbidden as `Notifications`."""

    def __init__(self, database: Database, kinds: Kinds, default: DigestTime) -> None:
        self._database = database
        self._kinds = kinds
        self._default = default

    async def read(self, principal: Principal) -> Choices:
        """What holds for the caller."""
        own_id = own_account(principal)
        async with self._database.read() as tx:
            return await self._of(tx, own_id)

    @done_over
    async def change(
        self,
        principal: Principal,
        kinds: Mapping[str, MailChoice | None],
        time_zone: str | None,
        hour: int | None,
    ) -> Choices:
        """Changes what is given; a kind's None is as the kind has it. Raises Invalid for an unknown kind."""
        own_id = own_account(principal)
        unknown = [
            FieldError(f"/kinds/{one}", "is no kind of news") for one in kinds if one not in self._kinds
        ]
        if unknown:
            raise Invalid("There are no such kinds of news.", errors=unknown)
        async with self._database.transaction() as tx:
            await set_choices(tx, own_id, kinds)
            if time_zone is not None or hour is not None:
                now = await digest_time_of(tx, own_id) or self._default
                wanted = DigestTime(time_zone or now.time_zone, now.hour if hour is None else hour)
                await set_digest_time(tx, own_id, wanted)
            changed = await self._of(tx, own_id)
            refused = [kind.word for kind, mail in changed.kinds if mail is MailChoice.NONE]
            await drop_mails(tx, own_id, refused)
        return changed

    async def _of(self, tx: AsyncConnection, user_id: str) -> Choices:
        chosen = await choices_of(tx, user_id)
        kinds = [(one, chosen.get(one.word, one.mail)) for one in self._kinds]
        return Choices(kinds, await digest_time_of(tx, user_id) or self._default)
