"""The quota of a course over HTTP."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from vtp.accounts.replies import origin_of
from vtp.courses.quota import CourseQuotas
from vtp.courses.routes import COURSE
from vtp.http.routing import Access, Call, RouteTable
from vtp.recording.quota_routes import MOST_BYTES, UsageReply

QUOTA = COURSE + "/recording-quota"


class SetCourseQuota(BaseModel):
    """What the recordings of a course may take."""

    model_config = ConfigDict(extra="forbid")

    bytes: Annotated[int | None, Field(ge=1, le=MOST_BYTES, description="Null: any number.")]


def add_quota_routes(table: RouteTable, quotas: CourseQuotas) -> None:
    """Declares it."""

    @table.get(
        QUOTA,
        reply=UsageReply,
        access=Access.VERIFIED,
        summary="Read what the recordings of a course take and may",
        description="Those that are filed in it and those of its lessons' rooms, while they are recorded as "
        "far as their rows say.",
        errors=(403, 404),
    )
    async def get_course_quota(call: Call) -> UsageReply:
        return UsageReply.of(await quotas.get(call.principal, call.path["id"]))

    @table.put(
        QUOTA,
        body=SetCourseQuota,
        reply=UsageReply,
        access=Access.VERIFIED,
        summary="Set what the recordings of a course may take",
        errors=(403, 404),
    )
    async def set_course_quota(call: Call) -> UsageReply:
        return UsageReply.of(
            await quotas.set(call.principal, call.path["id"], call.body.bytes, origin_of(call))
        )
