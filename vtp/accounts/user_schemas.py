"""What crosses the wire about other people's accounts, for administrators."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from vtp.accounts.schemas import Email, Phone, ProfileReply, RoleWord
from vtp.accounts.users import UserFilter
from vtp.http.identity import Role
from vtp.http.pagination import PageQuery
from vtp.http.text import Name


class UserReply(ProfileReply):
    """An account as admins see it."""

    email_verified_at: datetime | None
    approved_at: datetime | None
    disabled_at: datetime | None
    updated_at: datetime


class NewUserRequest(BaseModel):
    """An account for somebody, who gets a mail to choose a password; it is approved from the beginning."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    full_name: Name
    role: RoleWord = "student"
    phone: Phone = None


class UserChange(BaseModel):
    """What an admin changes of an account; fields left out stay as they are.

    `approved: true` lets the person enter rooms and gives them the role they asked for, unless `role` says
    another; admin is given only by saying `role: "admin"`. `approved: false` takes that back, the wish for a
    role too: whatever address they have confirmed, they sign in and enter nothing until they are approved
    again. Who says `role` alone declines a wish and lets them stay.
    """

    model_config = ConfigDict(extra="forbid")

    full_name: Name | None = None
    email: Email | None = None
    phone: Phone = None
    approved: bool | None = None
    role: RoleWord | None = None
    disabled: bool | None = None


class UserQuery(PageQuery):
    """Which accounts to list."""

    pending: Annotated[
        bool | None, Field(description="Only those that wait for approval, or only others.")
    ] = None
    search: Annotated[str, Field(max_length=100, description="Part of an address or a name.")] = ""
    role: Annotated[Role | None, Field(description="Only those with this role.")] = None
    disabled: Annotated[bool | None, Field(description="Only those that are disabled, or only others.")] = (
        None
    )

    @property
    def filter(self) -> UserFilter:
        """The same, as the database is asked."""
        return UserFilter(self.pending, self.search, self.role, self.disabled)


class UserPage(BaseModel):
    """One page of accounts."""

    items: list[UserReply]
    next_cursor: str | None


class EndedSessions(BaseModel):
    """How many devices were signed out."""

    ended_sessions: int
