"""What of analytics commands need without a server."""

from __future__ import annotations

from vtp.accounts.audit import AuditLog
from vtp.analytics.anonymizer import Anonymizer
from vtp.analytics.attendances import Attendances
from vtp.analytics.rollups import Rollups
from vtp.analytics.usage import Usage
from vtp.db import Database
from vtp.notifications.store import remove_news_of
from vtp.settings import AnalyticsSettings


def offline_anonymizer(database: Database, audit: AuditLog, settings: AnalyticsSettings) -> Anonymizer:
    """The same as a server's."""
    return Anonymizer(
        database,
        Attendances(database, audit),
        Rollups(database, settings.keep_days),
        settings.anonymize_after_days,
        Usage(database, settings.usage_keep_days, lambda: 0).count_all,
        remove_news_of,
        lrs_url=settings.lrs_url,
    )
