"""All that is kept of a person, gathered from the packages that keep it: what erasure and export go through.

A table or a column that is missing fails tests/unit/test_personal_holdings.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Table

from vtp.accounts import holdings as accounts
from vtp.analytics import holdings as analytics
from vtp.courses import holdings as courses
from vtp.coursework import holdings as coursework
from vtp.db import holdings as db
from vtp.jobs import holdings as jobs
from vtp.mail import holdings as mail
from vtp.notifications import holdings as notifications
from vtp.own_data.holding import Holding
from vtp.quizzes import holdings as quizzes
from vtp.recording import holdings as recording
from vtp.rooms import holdings as rooms
from vtp.webhooks import holdings as webhooks

HOLDINGS: Final[tuple[Holding, ...]] = (
    *accounts.HOLDINGS,
    *mail.HOLDINGS,
    *analytics.HOLDINGS,  # before rooms: what was done in classes is found by who was in them
    *rooms.HOLDINGS,
    *recording.HOLDINGS,
    *courses.HOLDINGS,
    *coursework.HOLDINGS,
    *quizzes.HOLDINGS,
    *notifications.HOLDINGS,
    *webhooks.HOLDINGS,
    *db.HOLDINGS,
)
"""In the order in which they are told and erased: rows that are found by others come before those."""

EXEMPT: Final[Mapping[Table, str]] = {
    **accounts.EXEMPT,
    **rooms.EXEMPT,
    **analytics.EXEMPT,
    **recording.EXEMPT,
    **courses.EXEMPT,
    **coursework.EXEMPT,
    **quizzes.EXEMPT,
    **jobs.EXEMPT,
}
"""Tables that have nothing of a person, and why."""
