"""What mails have of a person, and what becomes of it at their erasure."""

from __future__ import annotations

from typing import Final

from sqlalchemy import or_

from vtp.mail.tables import mails
from vtp.own_data.holding import Deleted, Holding

HOLDINGS: Final = (
    Holding(
        "mails",
        mails,
        lambda one: or_(mails.c.user_id == one.user_id, mails.c.to_address == one.email),
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
