"""Mails that tell people what happened to their account, so that they learn of what was not their doing."""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Origin
from vtp.accounts.users import User
from vtp.mail import letters
from vtp.mail.links import PROFILE, Links
from vtp.mail.outbox import Outbox


class Happening(enum.Enum):
    """What people are told of: the subject, and a sentence."""

    PASSWORD_CHANGED = "Your password was changed", "The password of your account was changed."
    PASSWORD_RESET = (
        "Your password was changed",
        "A new password was chosen for your account with a link sent to this address. All your sessions were "
        "ended.",
    )
    EMAIL_CHANGING = (
        "Your address is about to change",
        "Somebody who is signed in to your account asked to change its address. First the new one must be "
        "confirmed.",
    )
    EMAIL_CHANGED = (
        "Your address was changed",
        "The address of your account was changed. Mails go to the new one from now on: this is the last one "
        "here.",
    )
    EMAIL_CHANGED_FOR_THEM = (
        "Your address was changed",
        "An administrator has changed the address of your account. Mails go to the new one from now on: this "
        "is the last one here.",
    )
    TOKEN_REUSED = (
        "A session was ended",
        "A token of one of your sessions was used twice, which happens when it was stolen. The session was "
        "ended: sign in again.",
    )
    NEW_DEVICE = (
        "A new device signed in",
        "Your account was used to sign in on a device that it did not know.",
    )
    SECOND_FACTOR_ON = "Signing in asks for a code", "The second factor of your account was switched on."
    SECOND_FACTOR_OFF = "Signing in asks for no code", "The second factor of your account was switched off."
    SECOND_FACTOR_RESET = (
        "Signing in asks for no code",
        "An administrator has switched off the second factor of your account.",
    )
    BACKUP_CODES_MADE = (
        "New backup codes",
        "New backup codes were made for your account; the old ones are void.",
    )
    BACKUP_CODE_USED = "A backup code was used", "A backup code was used in the place of your second factor."
    IDENTITY_LINKED = (
        "A new way to sign in",
        "Your account was linked with an account elsewhere to sign in by.",
    )
    IDENTITY_UNLINKED = (
        "A way to sign in is gone",
        "The link of your account with an account elsewhere was removed.",
    )


BY_ADMINISTRATORS: Final = frozenset({Happening.EMAIL_CHANGED_FOR_THEM, Happening.SECOND_FACTOR_RESET})


class Notices:
    """Puts them within the transaction of what happened."""

    def __init__(
        self, mails: Outbox, links: Links, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._mails = mails
        self._links = links
        self._clock = clock

    @property
    def sends(self) -> bool:
        """Whether they reach people without an administrator's help."""
        return self._mails.sends

    async def put(
        self, tx: AsyncConnection, happening: Happening, user: User, origin: Origin, *, to: str = ""
    ) -> None:
        """Tells the person, at the account's address unless `to` says another."""
        subject, what = happening.value
        letter = letters.notice(
            to or user.email,
            user.id,
            subject,
            what,
            at=self._clock(),
            ip=origin.ip,
            device=origin.user_agent,
            link=self._links.to(PROFILE),
            by_administrator=happening in BY_ADMINISTRATORS,
        )
        await self._mails.put(tx, letter)
