"""The rows of alerts. No rules here, only SQL."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.analytics.alert_tables import analytics_alerts as table
from vtp.courses.roles import CourseStatus
from vtp.courses.tables import courses


class AlertStatus(enum.StrEnum):
    """What became of an alert."""

    OPEN = "open"
    RESOLVED = "resolved"  # by staff: something was done
    DISMISSED = "dismissed"  # by staff: it was none
    OVER = "over"  # its rule holds no more


@dataclass(frozen=True, slots=True)
class Alert:
    """One as it is stored, with what the student is called."""

    id: str
    course_id: str
    user_id: str
    rule: str
    severity: str
    reason: str
    recommendation: str
    evidence: dict[str, Any]
    status: AlertStatus
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    note: str
    full_name: str


_OWN = [table.c[name] for name in Alert.__slots__ if name != "full_name"]
_ALERTS = select(*_OWN, users.c.full_name).join(users, users.c.id == table.c.user_id)


async def active_courses(tx: AsyncConnection) -> list[str]:
    """The courses that run."""
    statement = select(courses.c.id).where(courses.c.status == CourseStatus.ACTIVE)
    return list((await tx.execute(statement.order_by(courses.c.id))).scalars())


async def ended_with_open_alerts(tx: AsyncConnection) -> list[str]:
    """The courses that do not run and have alerts that stand."""
    is_open = exists().where(table.c.course_id == courses.c.id, table.c.status == AlertStatus.OPEN)
    statement = select(courses.c.id).where(courses.c.status != CourseStatus.ACTIVE, is_open)
    return list((await tx.execute(statement.order_by(courses.c.id))).scalars())


async def add_alert(tx: AsyncConnection, **values: Any) -> None:
    """Adds one."""
    await tx.execute(insert(table).values(**values))


async def change_alert(tx: AsyncConnection, alert_id: str, **values: Any) -> None:
    """Sets columns of one."""
    await tx.execute(update(table).where(table.c.id == alert_id).values(**values))


async def find_alert(tx: AsyncConnection, alert_id: str) -> Alert | None:
    """One by its id."""
    row = (await tx.execute(_ALERTS.where(table.c.id == alert_id))).one_or_none()
    return _alert(row) if row is not None else None


async def latest_alerts(tx: AsyncConnection, course_id: str) -> dict[tuple[str, str], Alert]:
    """The newest of each student and rule."""
    rows = await tx.execute(_ALERTS.where(table.c.course_id == course_id).order_by(table.c.id))
    return {(row.user_id, row.rule): _alert(row) for row in rows}


async def page_of_alerts(
    tx: AsyncConnection, course_id: str, status: AlertStatus | None, *, limit: int, before: str | None
) -> list[Alert]:
    """A course's, newest first."""
    statement = _ALERTS.where(table.c.course_id == course_id)
    if status is not None:
        statement = statement.where(table.c.status == status)
    if before is not None:
        statement = statement.where(table.c.id < before)
    return [_alert(row) for row in await tx.execute(statement.order_by(table.c.id.desc()).limit(limit))]


def _alert(row: Any) -> Alert:
    found = dict(row._mapping)
    return Alert(**{**found, "status": AlertStatus(found["status"])})
