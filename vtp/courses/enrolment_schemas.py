"""What crosses the wire about who takes part in a course. Field names are the older contract's."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from vtp.accounts.schemas import Email
from vtp.courses.codes import MOST_TYPED, shown
from vtp.courses.enrolment_store import Enrolment, EnrolmentFilter, Source
from vtp.courses.invitation_store import CourseInvitation, InvitationStatus, Kind
from vtp.courses.permission_store import Permission
from vtp.courses.roles import EnrolmentStatus, parse_course_role
from vtp.courses.schemas import CourseReply
from vtp.http.identity import Role
from vtp.http.pagination import Page, PageQuery
from vtp.http.text import check_line

RoleInCourse = Annotated[Literal["student", "assistant", "teacher"], Field(description="The role there.")]
Token = Annotated[str, Field(min_length=1, max_length=512, description="Of an invitation's link.")]


def _course_role(value: str) -> str:
    parse_course_role(value)
    return value.strip().lower()


class EnrolRequest(BaseModel):
    """Takes somebody into a course: who asks, without `student_id` and `email`; else only staff may."""

    student_id: Annotated[str | None, Field(max_length=64, description="An account's id.")] = None
    email: Annotated[Email | None, Field(description="In place of `student_id`.")] = None
    code: Annotated[str | None, Field(max_length=MOST_TYPED, description="An enrolment code.")] = None
    role: RoleInCourse = "student"

    @model_validator(mode="after")
    def _once(self) -> Self:
        if self.student_id is not None and self.email is not None:
            raise ValueError("say who it is by student_id or by email")
        return self


class JoinRequest(BaseModel):
    """Joins the course that a code or a link is for."""

    code: Annotated[str | None, Field(max_length=MOST_TYPED, description="An enrolment code.")] = None
    token: Token | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.code is None) == (self.token is None):
            raise ValueError("give a code or a token")
        return self


class EnrolmentReply(BaseModel):
    """Somebody in a course. `place` is theirs on the waiting list: 1 is next."""

    id: str
    course_id: str
    student_id: str
    full_name: str
    email: str
    role: Annotated[Role, Field(description="How they are enrolled.")]
    role_held: Annotated[
        Role,
        Field(
            description="The role that holds: what they were given ranks above how they are enrolled. Of who "
            "waits and was given none: the role that they wait for."
        ),
    ]
    status: EnrolmentStatus
    place: int | None
    source: Source
    enrollment_date: datetime

    @classmethod
    def of(cls, enrolment: Enrolment) -> Self:
        """Describes an enrolment."""
        return cls(**_enrolment_fields(enrolment))


class EnrolmentPage(Page[EnrolmentReply]):
    """One page of enrolments."""


class MembershipReply(EnrolmentReply):
    """A course that the caller takes part in or waits for."""

    course: CourseReply

    @classmethod
    def within(cls, enrolment: Enrolment, course: CourseReply) -> Self:
        """Describes an enrolment with its course."""
        return cls(**_enrolment_fields(enrolment), course=course)


class MembershipPage(Page[MembershipReply]):
    """One page of the caller's courses."""


class EnrolmentQuery(PageQuery):
    """Whose enrolments to list."""

    status: EnrolmentStatus | None = None
    role: Annotated[RoleInCourse | None, Field(description="The role that holds.")] = None
    q: Annotated[str, Field(max_length=200, description="Within a name or an address.")] = ""

    @property
    def filter(self) -> EnrolmentFilter:
        """The same for the service."""
        return EnrolmentFilter(self.status or "", self.role or "", self.q)


class EnrolmentEnded(BaseModel):
    """Somebody is in a course no more; `moved_up` people who waited have got a place by that."""

    student_id: str
    status: Literal["deleted"] = "deleted"
    moved_up: int
    message: str = "Not in the course any more."


class CreateInvitation(BaseModel):
    """A way into a course: a code to be typed, or a link."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind = Kind.CODE
    role: RoleInCourse = "student"
    label: Annotated[str, Field(max_length=200, description="For staff."), AfterValidator(check_line)] = ""
    max_uses: Annotated[int | None, Field(ge=1, le=100_000, description="null: any number.")] = None
    ttl_seconds: Annotated[
        int | None,
        Field(ge=60, le=366 * 86_400, description="How long it is good; null: until it is revoked."),
    ] = None


class InvitationReply(BaseModel):
    """A code or a link; `code` is null for links, whose token is shown once."""

    id: str
    kind: Kind
    code: str | None
    label: str
    role: Role
    max_uses: int | None
    uses: int
    status: InvitationStatus
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, invitation: CourseInvitation, now: datetime) -> Self:
        """Describes an invitation as it stands now."""
        return cls(**_invitation_fields(invitation, now))


class NewInvitationReply(InvitationReply):
    """One that was just made; `token` and `link` of a link are told this once."""

    token: str | None
    link: str | None

    @classmethod
    def made(cls, invitation: CourseInvitation, now: datetime, token: str | None, link: str | None) -> Self:
        """Describes an invitation with its secret."""
        return cls(**_invitation_fields(invitation, now), token=token, link=link)


class InvitationPage(Page[InvitationReply]):
    """One page of invitations."""


class InvitationTold(BaseModel):
    """What a code or a link is for, before it is used."""

    course_id: str
    course_name: str
    course_code: str
    instructor_name: str | None
    role: Role
    places_left: Annotated[int | None, Field(description="null: as many as come; 0: whoever joins waits.")]


class PermissionRequest(BaseModel):
    """Gives somebody a role in a course. Older words are taken: instructor, ta, viewer, observer."""

    user_id: Annotated[str, Field(max_length=64)]
    role: Annotated[
        str,
        Field(max_length=32, description="admin, teacher, assistant, student."),
        AfterValidator(_course_role),
    ]


class PermissionReply(BaseModel):
    """Whether somebody has a role in a course, and which."""

    user_id: str
    allowed: bool
    role: Annotated[str | None, Field(description="In the word that the caller gave it by.")]
    message: str


class GivenRole(BaseModel):
    """A role that somebody was given in a course."""

    user_id: str
    full_name: str
    email: str
    role: Role
    watch_only: bool
    granted_by: str | None
    granted_at: datetime

    @classmethod
    def of(cls, permission: Permission) -> Self:
        """Describes a permission."""
        return cls(**{name: getattr(permission, name) for name in cls.model_fields})


class GivenRolePage(Page[GivenRole]):
    """One page of roles."""


def _enrolment_fields(enrolment: Enrolment) -> dict[str, Any]:
    names = ("id", "course_id", "full_name", "email", "role", "status", "place", "source")
    return {
        **{name: getattr(enrolment, name) for name in names},
        "student_id": enrolment.user_id,
        "role_held": enrolment.held,
        "enrollment_date": enrolment.enrolled_at or enrolment.created_at,
    }


def _invitation_fields(invitation: CourseInvitation, now: datetime) -> dict[str, Any]:
    names = (
        "id",
        "kind",
        "label",
        "role",
        "max_uses",
        "uses",
        "created_by",
        "created_at",
        "expires_at",
        "revoked_at",
    )
    return {
        **{name: getattr(invitation, name) for name in names},
        "code": shown(invitation.code) if invitation.code else None,
        "status": invitation.status_at(now),
    }
