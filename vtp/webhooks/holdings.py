"""What webhooks have of a person, and what becomes of it at their erasure."""

from __future__ import annotations

from typing import Final

from vtp.own_data.holding import Holding, Rewritten, without
from vtp.own_data.scrubbing import scrub_message
from vtp.webhooks.tables import webhook_deliveries, webhooks

HOLDINGS: Final = (
    Holding(
        "webhooks",
        webhooks,
        lambda one: webhooks.c.created_by == one.user_id,
        (
            "id",
            "url",
            "description",
            "events",
            "room_id",
            "active",
            "created_at",
            "updated_at",
            "disabled_reason",
        ),
        ("secret", "old_secret", "old_secret_until", "created_by"),
        without("created_by"),
    ),
    Holding(
        "messages_to_webhooks",
        webhook_deliveries,
        lambda one: webhook_deliveries.c.body.contains(one.user_id, autoescape=True),
        ("id", "type", "created_at"),
        (
            "webhook_id",
            "event_id",
            "body",  # also of others; what it says of the person stands in the other tables
            "next_try_at",
            "tries",
            "status",
            "tried_at",
            "answer_status",
            "answer",
        ),
        Rewritten("body", scrub_message),
    ),
)
