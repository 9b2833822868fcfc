"""How much a server is used, over HTTP, for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from vtp.analytics.anonymize_store import Done
from vtp.analytics.anonymizer import Anonymizer
from vtp.analytics.paths import Doubled
from vtp.analytics.report_answers import as_csv
from vtp.analytics.usage import Usage as UsageService
from vtp.analytics.usage import UsageOfServer
from vtp.http.csv_cells import TYPE
from vtp.http.routing import Access, Call


class UsageQuery(BaseModel):
    """Of how many days, up to today."""

    model_config = ConfigDict(extra="ignore")

    days: Annotated[int, Field(ge=1, le=1100)] = 30
    format: Annotated[Literal["json", "csv"], Field(description="CSV: the days.")] = "json"


class UsageDay(BaseModel):
    """One day, in UTC."""

    day: str
    people: Annotated[int, Field(description="Accounts in classes, with recordings, on pages of courses.")]
    classes: Annotated[int, Field(description="That began on it.")]
    participant_minutes: float
    most_at_once: int
    recordings: int
    recording_minutes: float
    recording_bytes: int


class CourseUsage(BaseModel):
    """What a course has of recordings now."""

    course_id: str
    code: str
    name: str
    recordings: int
    recording_minutes: float
    recording_bytes: int


class LoadHour(BaseModel):
    """One hour of all processes together."""

    hour: datetime
    cpu: Annotated[float, Field(description="Processors in use, on average.")]
    cpu_most: float
    machine_load: Annotated[float, Field(description="Of the machine, by processor; above 1 work waits.")]
    memory_bytes: int
    participants: int


class AnonymizingReply(BaseModel):
    """Whether figures become nobody's, and how far that is."""

    after_days: Annotated[int, Field(description="`analytics.anonymize_after_days`; 0: never.")]
    finished_at: Annotated[datetime | None, Field(description="When last nothing was left to do.")]
    courses: Annotated[int, Field(description="How often figures of a course were made nobody's.")]
    viewers: Annotated[int, Field(description="Likewise of somebody with a recording.")]


class UsageReply(BaseModel):
    """How much a server is used."""

    days: list[UsageDay]
    courses: Annotated[list[CourseUsage], Field(description="The hundred with the most of it.")]
    load: Annotated[list[LoadHour], Field(description="Of the last 14 days.")]
    anonymizing: AnonymizingReply

    @classmethod
    def of(cls, found: UsageOfServer, after_days: int, done: Done) -> Self:
        """Describes it."""
        return cls(
            days=[
                UsageDay(
                    day=one["day"],
                    people=one["people"],
                    classes=one["classes"],
                    participant_minutes=_minutes(one["participant_ms"]),
                    most_at_once=one["most_at_once"],
                    recordings=one["recordings"],
                    recording_minutes=_minutes(one["recording_ms"]),
                    recording_bytes=one["recording_bytes"],
                )
                for one in found.days
            ],
            courses=[
                CourseUsage(
                    course_id=one[0],
                    code=one[1],
                    name=one[2],
                    recordings=one[3],
                    recording_minutes=_minutes(int(one[4])),
                    recording_bytes=int(one[5]),
                )
                for one in found.courses
            ],
            load=[
                LoadHour(
                    hour=one.hour,
                    cpu=round(one.cpu, 3),
                    cpu_most=round(one.cpu_most, 3),
                    machine_load=round(one.load_most, 3),
                    memory_bytes=one.memory_bytes,
                    participants=one.participants,
                )
                for one in found.load
            ],
            anonymizing=AnonymizingReply(
                after_days=after_days,
                finished_at=done.finished_at,
                courses=done.courses,
                viewers=done.viewers,
            ),
        )


def _minutes(ms: int) -> float:
    return ms // 6000 / 10


def add_usage_routes(table: Doubled, usage: UsageService, anonymizer: Anonymizer) -> None:
    """Declares it."""

    @table.get(
        "/usage",
        query=UsageQuery,
        reply=UsageReply,
        reply_types=TYPE,
        access=Access.VERIFIED,
        summary="Read how much the server is used",
        description="For administrators. Days are in UTC; those that are over stay as they were counted.",
        errors=(403,),
    )
    async def get_usage(call: Call) -> UsageReply | web.StreamResponse:
        query: UsageQuery = call.query
        read = await usage.read(call.principal, query.days)
        found = UsageReply.of(read, anonymizer.after_days, await anonymizer.done())
        if query.format == "csv":
            return await as_csv(call, "usage", UsageDay, found.days)
        return found
