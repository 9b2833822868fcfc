"""What crosses the wire about invitations."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field

from vtp.accounts.invitations import Invitation
from vtp.accounts.schemas import Email, OpaqueToken, Password, Phone, RoleWord
from vtp.http.identity import Role
from vtp.http.pagination import Page
from vtp.http.text import Name, check_line


class InviteRequest(BaseModel):
    """Whom to invite as what. Without a name the person writes it."""

    email: Email
    role: RoleWord
    full_name: Annotated[str, Field(max_length=200), AfterValidator(check_line)] = ""


class InvitationReply(BaseModel):
    """An invitation. `link` is there only where no mail server is set: then it is yours to hand on."""

    invitation_id: str
    email: str
    full_name: str
    role: Role
    watch_only: bool
    invited_by: str
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None
    link: str | None = None

    @classmethod
    def of(cls, invitation: Invitation) -> Self:
        """What staff are told of an invitation."""
        same = {name: getattr(invitation, name) for name in cls.model_fields if hasattr(invitation, name)}
        return cls(invitation_id=invitation.id, invited_by=invitation.inviter_name, **same)


class InvitationPage(Page[InvitationReply]):
    """One page of invitations."""


class InvitedReply(BaseModel):
    """What somebody with a good link is told."""

    email: str
    full_name: str
    role: Role
    invited_by: str


class AcceptRequest(BaseModel):
    """Makes the account that a link invites to."""

    token: OpaqueToken
    full_name: Name
    password: Password
    phone: Phone = None
    cookie: bool = False
