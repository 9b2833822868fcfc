"""Addresses in mails by which their reader says that they want no more of them, without signing in.

Each names whose they are and what they are of, with a code of this server's key: nobody makes one up for
somebody else. It opens nothing else, and is good for as long as the mail is kept.
"""

from __future__ import annotations

import hmac
from typing import Final

from vtp.accounts.users import find_user
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import NotFound
from vtp.ids import is_id
from vtp.mail.links import Links
from vtp.notifications.choice_store import choices_of, drop_mails, set_choices
from vtp.notifications.kinds import Kind, Kinds, MailChoice
from vtp.sealing import Sealer

PATH: Final = "/api/v1/notifications/unsubscribe/"
DIGEST: Final = "digest"
"""The scope of what comes once a day."""
_PURPOSE: Final = "unsubscribe"
_CODE_CHARACTERS: Final = 32  # hexadecimal: 128 bits


class Unsubscribing:
    """`address` for who writes a mail; `what` and `stop` for who follows it, both raising NotFound."""

    def __init__(self, database: Database, kinds: Kinds, links: Links, sealer: Sealer) -> None:
        self._database = database
        self._kinds = kinds
        self._links = links
        self._sealer = sealer

    def address(self, user_id: str, scope: str) -> str:
        """Where this person says that they want no more of a kind, of a group of kinds, or of the digest."""
        return f"{self._links.base}{PATH}{user_id}.{scope}.{self._code(user_id, scope)}"

    def what(self, token: str) -> str:
        """What an address is about, in words."""
        _, scope = self._read(token)
        titles = [one.title for one in self._kinds.within(scope)]
        return "Mails once a day with what is new" if scope == DIGEST else "; ".join(titles) or "These mails"

    @done_over
    async def stop(self, token: str) -> str:
        """Sends no more of them; gives what those were, in words. Also for who is no more, or has done it."""
        user_id, scope = self._read(token)
        async with self._database.transaction() as tx:
            if await find_user(tx, user_id) is not None:
                chosen = await choices_of(tx, user_id)
                words = [one.word for one in self._of(scope, chosen)]
                await set_choices(tx, user_id, dict.fromkeys(words, MailChoice.NONE))
                await drop_mails(tx, user_id, words)
        return self.what(token)

    def _of(self, scope: str, chosen: dict[str, MailChoice]) -> list[Kind]:
        if scope != DIGEST:
            return self._kinds.within(scope)
        return [one for one in self._kinds if chosen.get(one.word, one.mail) is MailChoice.DAILY]

    def _read(self, token: str) -> tuple[str, str]:
        user_id, _, rest = token.partition(".")
        scope, _, code = rest.rpartition(".")
        good = hmac.compare_digest(code.encode(), self._code(user_id, scope).encode())
        if not is_id(user_id) or not good:
            raise NotFound(
                "This address is of no mail: follow it as it is written there.", code="no_such_mail"
            )
        return user_id, scope

    def _code(self, user_id: str, scope: str) -> str:
        return self._sealer.digest(_PURPOSE, f"{user_id}.{scope}")[:_CODE_CHARACTERS]
