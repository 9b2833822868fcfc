"""What notifications have of a person, and what becomes of it at their erasure."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from vtp.notifications.tables import news, notification_choices, notification_people, notifications
from vtp.own_data.holding import Deleted, Holding, Kept

HOLDINGS: Final = (
    Holding(
        "told",
        news,
        lambda one: news.c.id.in_(
            select(notifications.c.news_id).where(notifications.c.user_id == one.user_id)
        ),
        ("id", "kind", "title", "text", "link", "context", "course_id", "lesson_id", "recording_id", "at"),
        ("subject_id", "once"),
        Kept("it is others' news too, and says nothing of who is told"),
    ),
    Holding(
        "notifications",
        notifications,
        lambda one: notifications.c.user_id == one.user_id,
        ("news_id", "read_at"),
        ("user_id", "mail"),
        Deleted(),
    ),
    Holding(
        "mails_chosen",
        notification_choices,
        lambda one: notification_choices.c.user_id == one.user_id,
        ("kind", "mail"),
        ("user_id",),
        Deleted(),
    ),
    Holding(
        "hour_of_the_daily_mail",
        notification_people,
        lambda one: notification_people.c.user_id == one.user_id,
        ("time_zone", "digest_hour"),
        ("user_id",),
        Deleted(),
    ),
)
