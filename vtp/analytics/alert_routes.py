"""Alerts over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.analytics.alert_store import Alert, AlertStatus
from vtp.analytics.alerts import Alerts
from vtp.analytics.paths import Doubled
from vtp.analytics.schemas import Id
from vtp.http.pagination import Page, PageQuery
from vtp.http.routing import Access, Call


class AlertQuery(PageQuery):
    """Of which course, and which of them."""

    course_id: Id
    status: Annotated[AlertStatus | None, Field(description="`open` and so on; all when left out.")] = None


class AlertReply(BaseModel):
    """Somebody may need help: which rule says so, with its figures."""

    id: str
    course_id: str
    student_id: str
    student_name: str
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

    @classmethod
    def of(cls, alert: Alert) -> Self:
        """Describes an alert."""
        own = {name: getattr(alert, name) for name in Alert.__slots__ if name not in ("user_id", "full_name")}
        return cls(**own, student_id=alert.user_id, student_name=alert.full_name)


class AlertPage(Page[AlertReply]):
    """One page of alerts."""


class CloseAlert(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, Field(max_length=500)] = ""


def add_alert_routes(table: Doubled, alerts: Alerts) -> None:
    """Declares the list, and closing one."""

    @table.get(
        "/alerts",
        query=AlertQuery,
        reply=AlertPage,
        access=Access.VERIFIED,
        summary="List who may need help in a course, and why",
        description="Rules are looked at every hour in courses that run; staff are told of what is new.",
        errors=(403, 404),
    )
    async def list_alerts(call: Call) -> AlertPage:
        query: AlertQuery = call.query
        found = await alerts.page(
            call.principal,
            query.course_id,
            query.status,
            limit=query.limit + 1,
            before=query.id_position(),
        )
        page, next_cursor = query.cut(found)
        return AlertPage(items=[AlertReply.of(one) for one in page], next_cursor=next_cursor)

    @table.post(
        "/alerts/{alert_id}/resolve",
        body=CloseAlert,
        body_required=False,
        reply=AlertReply,
        access=Access.VERIFIED,
        summary="Say that something was done about an alert",
        errors=(403, 404, 409),
    )
    async def resolve_alert(call: Call) -> AlertReply:
        return await _close(alerts, call, AlertStatus.RESOLVED)

    @table.post(
        "/alerts/{alert_id}/dismiss",
        body=CloseAlert,
        body_required=False,
        reply=AlertReply,
        access=Access.VERIFIED,
        summary="Say that an alert is none; its rule makes no new one of this student for seven days",
        errors=(403, 404, 409),
    )
    async def dismiss_alert(call: Call) -> AlertReply:
        return await _close(alerts, call, AlertStatus.DISMISSED)


async def _close(alerts: Alerts, call: Call, status: AlertStatus) -> AlertReply:
    note = call.body.note if call.body is not None else ""
    return AlertReply.of(await alerts.close(call.principal, call.path["alert_id"], status, note))
