"""What repeated requests have of a person, and what becomes of it at their erasure."""

from __future__ import annotations

from typing import Final

from sqlalchemy import or_

from vtp.db.tables import idempotency_keys
from vtp.own_data.holding import Deleted, Holding

HOLDINGS: Final = (
    Holding(
        "answers_kept_for_a_day",
        idempotency_keys,
        lambda one: or_(
            idempotency_keys.c.principal == one.key,
            *(idempotency_keys.c.people.contains(mark, autoescape=True) for mark in one.marks),
        ),
        ("route", "status", "created_at"),
        ("key", "principal", "body_hash", "headers", "response", "people"),
        Deleted(),
    ),
)
