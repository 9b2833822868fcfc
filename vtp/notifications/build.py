"""The services of notifications, built once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from vtp.db import Database
from vtp.notifications.kinds import Kinds
from vtp.notifications.notifier import Notifier
from vtp.notifications.push import NewsPush
from vtp.notifications.service import Notifications
from vtp.settings import NotificationSettings
from vtp.tasks import Tasks


@dataclass(frozen=True, slots=True)
class NotificationParts:
    """`notifier` is what features tell by, and whose `kinds` they add theirs to."""

    notifier: Notifier
    service: Notifications
    push: NewsPush

    @classmethod
    def build(cls, database: Database, settings: NotificationSettings, tasks: Tasks) -> Self:
        """Makes them over one database."""
        push = NewsPush(database, tasks)
        return cls(Notifier(Kinds(), push.told), Notifications(database, settings.keep_days), push)
