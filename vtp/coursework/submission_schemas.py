"""What crosses the wire about what is handed in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.coursework.assignment_store import Assignment
from vtp.coursework.late import WorkStatus
from vtp.coursework.material_schemas import FileReply
from vtp.coursework.submission_store import Submission
from vtp.http.pagination import Page, PageQuery

Written = Annotated[str, Field(max_length=100_000, description="Plain text, with line breaks.")]


class WriteSubmission(BaseModel):
    """What is written; files are sent besides."""

    model_config = ConfigDict(extra="forbid")

    text: Written = ""


class SubmissionReply(BaseModel):
    """One attempt of somebody, or of a group."""

    id: str
    assignment_id: str
    attempt: Annotated[int, Field(description="From 1; earlier ones stay.")]
    user_id: Annotated[str | None, Field(description="Who wrote it.")]
    group_id: str | None
    text: str
    files: list[FileReply]
    handed_in_at: Annotated[datetime | None, Field(description="null: a draft, which staff do not see.")]
    status: Annotated[
        WorkStatus | None, Field(description="`on_time` or `late` by what is due now; null of a draft.")
    ]
    late_days: Annotated[int, Field(description="Each counted from its beginning.")]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, submission: Submission, assignment: Assignment) -> Self:
        """Describes an attempt."""
        deadline, at = assignment.deadline, submission.handed_in_at
        made: dict[str, Any] = {
            "files": [FileReply.of(one) for one in submission.files],
            "status": deadline.status(at, at) if at is not None else None,
            "late_days": deadline.late_days(at) if at is not None else 0,
        }
        own = {name: getattr(submission, name) for name in cls.model_fields if name not in made}
        return cls(**own, **made)


class SubmissionPage(Page[SubmissionReply]):
    """One page of attempts, newest first."""


class SubmissionQuery(PageQuery):
    """Whose attempts to list."""

    user_id: Annotated[
        str, Field(max_length=64, description="Of one person, and their group; for staff.")
    ] = ""
