"""What mails have of a person, and what becomes of it at their erasure."""

from __future__ import annotations

from typing import Final

from vtp.mail.tables import mails
from vtp.own_data.holding import Deleted, Holding, sent_to

HOLDINGS: Final = (
    Holding(
        "mails",
        mails,
        lambda one: sent_to(one, mails.c.to_address, mails.c.user_id),
        (
            "id",
            "kind",
            "to_address",
            "subject",
            "created_at",
            "expires_at",
            "sent_at",
            "failed_at",
            "attempts",
        ),
        ("user_id", "body", "calendars", "unsubscribe", "next_try_at", "last_error"),
        Deleted(),
    ),
)
