"""The services of notifications, built once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from vtp.db import Database
from vtp.mail.links import Links
from vtp.mail.outbox import Outbox
from vtp.notifications.choice_store import DigestTime
from vtp.notifications.choices import NotificationChoices
from vtp.notifications.kinds import Kinds
from vtp.notifications.mailer import NotificationMailer
from vtp.notifications.notifier import Notifier
from vtp.notifications.push import NewsPush
from vtp.notifications.service import Notifications
from vtp.notifications.unsubscribing import Unsubscribing
from vtp.sealing import Sealer
from vtp.settings import NotificationSettings
from vtp.tasks import Tasks


@dataclass(frozen=True, slots=True)
class NotificationBase:
    """What notifications stand upon."""

    database: Database
    outbox: Outbox
    links: Links
    sealer: Sealer
    tasks: Tasks


@dataclass(frozen=True, slots=True)
class NotificationParts:
    """`notifier` is what features tell by, and whose `kinds` they add theirs to."""

    notifier: Notifier
    service: Notifications
    push: NewsPush
    choices: NotificationChoices
    unsubscribing: Unsubscribing
    mailer: NotificationMailer
    sends_mails: bool

    @classmethod
    def build(cls, base: NotificationBase, settings: NotificationSettings) -> Self:
        """Makes them over one database."""
        database, kinds = base.database, Kinds()
        default = DigestTime(settings.time_zone, settings.digest_hour)
        push = NewsPush(database, base.tasks)
        unsubscribing = Unsubscribing(database, kinds, base.links, base.sealer)
        mailer = NotificationMailer(database, base.outbox, kinds, base.links, unsubscribing, default)

        def told(news_id: str) -> None:
            push.told(news_id)
            mailer.told()

        return cls(
            Notifier(kinds, told, mails=base.outbox.sends),
            Notifications(database, kinds, settings.keep_days),
            push,
            NotificationChoices(database, kinds, default),
            unsubscribing,
            mailer,
            base.outbox.sends,
        )

    def start(self, tasks: Tasks) -> None:
        """Begins what goes on by itself."""
        tasks.start(self.mailer.run(), "mails of notifications")
