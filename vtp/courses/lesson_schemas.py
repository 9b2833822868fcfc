"""What crosses the wire about who is in a live lesson."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from vtp.courses.enrolment_store import Enrolment
from vtp.courses.lesson_people import LessonPeople
from vtp.http.identity import Role
from vtp.http.pagination import Page
from vtp.rooms.participants import Participant


class ExpectedPerson(BaseModel):
    """Somebody who is enrolled in the course."""

    user_id: str
    full_name: str
    email: str
    role: Annotated[Role, Field(description="The role that holds: `expected_count` is of students by it.")]
    present: Annotated[bool, Field(description="They are in the room now.")]
    joined_at: Annotated[datetime | None, Field(description="Since when, on the first of their devices.")]


class UnexpectedPerson(BaseModel):
    """Somebody in the room who is not enrolled: whose course it is, administrators, guests."""

    participant_id: str
    user_id: str | None
    full_name: str
    role: Role
    joined_at: datetime


class LessonPeoplePage(Page[ExpectedPerson]):
    """One page of who was expected, and who is there besides those of this page."""

    open: Annotated[bool, Field(description="Somebody is in the room now.")]
    expected_count: Annotated[int, Field(description="Students with a place.")]
    present_count: Annotated[int, Field(description="Everybody in the room, each device counted.")]
    others: Annotated[
        list[UnexpectedPerson], Field(description="In the room, and not on this page of the enrolled.")
    ]

    @classmethod
    def of(cls, found: LessonPeople, page: list[Enrolment], next_cursor: str | None) -> Self:
        """Says who is where."""
        first: dict[str, Participant] = {}
        for one in found.present:
            if one.user_id is not None:
                first.setdefault(one.user_id, one)
        enrolled = {one.user_id for one in page}
        others = [one for one in found.present if one.user_id not in enrolled]
        return cls(
            items=[_expected(one, first.get(one.user_id)) for one in page],
            next_cursor=next_cursor,
            open=bool(found.present),
            expected_count=found.expected_count,
            present_count=len(found.present),
            others=[_unexpected(one) for one in others],
        )


def _expected(enrolment: Enrolment, present: Participant | None) -> ExpectedPerson:
    return ExpectedPerson(
        user_id=enrolment.user_id,
        full_name=enrolment.full_name,
        email=enrolment.email,
        role=enrolment.held,
        present=present is not None,
        joined_at=present.joined_at if present is not None else None,
    )


def _unexpected(participant: Participant) -> UnexpectedPerson:
    return UnexpectedPerson(
        participant_id=participant.participant_id,
        user_id=participant.user_id,
        full_name=participant.full_name,
        role=participant.role,
        joined_at=participant.joined_at,
    )
