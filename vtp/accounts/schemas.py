"""What crosses the wire about accounts. Field names are the older contract's; nothing is renamed."""

import re
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vtp.accounts.permissions import parse_role
from vtp.accounts.sessions import Session
from vtp.accounts.users import User
from vtp.http.identity import Role
from vtp.http.text import Name
from vtp.mail.addresses import normal_address

_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{2,30}")


def _phone(value: str | None) -> str | None:
    value = value.strip() if value else None
    if value and not _PHONE.fullmatch(value):
        raise ValueError("write a telephone number such as +49 30 1234567")
    return value or None


def _account_role(value: str) -> str:
    if parse_role(value)[0] is Role.GUEST:
        raise ValueError("guests have no account; take student")
    return value


Email = Annotated[str, Field(max_length=254), AfterValidator(normal_address)]
Phone = Annotated[str | None, Field(max_length=32), AfterValidator(_phone)]
RoleWord = Annotated[str, Field(max_length=32), AfterValidator(_account_role)]
# Longer than any that is accepted; accounts/password_rules.py says the rest in a sentence.
Password = Annotated[str, Field(min_length=1, max_length=4096)]
SecondFactorCode = Annotated[
    str | None,
    Field(max_length=24, description="With a second factor: six digits of the app, or a backup code."),
]
OpaqueToken = Annotated[str, Field(min_length=1, max_length=512)]


MOST_UNUSED_S = 10**8
"""Three years: longer than any session."""


class RegisterRequest(BaseModel):
    """A new account. `role` is a wish: only student is given without approval."""

    email: Email
    password: Password
    full_name: Name
    phone: Phone = None
    role: RoleWord = "student"


class RegisterReply(BaseModel):
    """The account that was made."""

    user_id: str
    email: str
    full_name: str
    role: Role
    message: str


class LoginRequest(BaseModel):
    """Signs in.

    With `cookie` the refresh token goes into an HttpOnly cookie only, as browsers should want it.
    """

    email: Annotated[str, Field(min_length=1, max_length=254)]
    password: Password
    totp: SecondFactorCode = None
    device_token: Annotated[
        str | None,
        Field(max_length=128, description="Of an earlier answer: then failures elsewhere do not delay this."),
    ] = None
    cookie: bool = False


class SetupRequest(BaseModel):
    """The first admin, with the token of the link that the server printed."""

    token: OpaqueToken
    email: Email
    password: Password
    full_name: Name
    cookie: bool = False


class RefreshRequest(BaseModel):
    """Renews a session; without a body's token the cookie is used."""

    refresh_token: Annotated[str | None, Field(max_length=512)] = None


class RenewalRequest(RefreshRequest):
    """A renewal. Pages that cannot see the cookie do not know whether there is a session."""

    if_any: Annotated[
        bool, Field(description="Without a token of either kind: answer 204, where it would be 401.")
    ] = False
    unused_s: Annotated[
        int,
        Field(
            ge=0,
            le=MOST_UNUSED_S,
            description="Since when nobody has used what renews by itself: so long less the session lasts.",
        ),
    ] = 0


class Proof(BaseModel):
    """Who asks, once more: the password. Accounts without one leave it out, within ten minutes of being asked
    by a provider who they are."""

    model_config = ConfigDict(extra="forbid")

    password: Password | None = None


class EndSessionsRequest(Proof):
    """Ends sessions. The password may be left out within ten minutes after signing in, if no provider is
    linked, or of being asked by one who one is."""


class ProfileReply(BaseModel):
    """Somebody's own account."""

    user_id: str
    email: str
    full_name: str
    phone: str | None
    role: Role
    requested_role: Role | None
    watch_only: bool
    verified: Annotated[bool, Field(description="Whether they may do more than sign in.")]
    approval_withdrawn: Annotated[
        bool, Field(description="An administrator took the approval back: no confirmed address lets them in.")
    ]
    totp_enabled: bool
    has_password: bool
    created_at: datetime
    picture_url: Annotated[str | None, Field(description="Null without a picture.")]

    @classmethod
    def of(cls, user: User) -> Self:
        """What is told of an account."""
        fields = {name: getattr(user, name) for name in cls.model_fields if name != "user_id"}
        return cls(user_id=user.id, **fields)


class TokensReply(BaseModel):
    """An access token and, unless it went into the cookie, the refresh token that renews it."""

    access_token: str
    refresh_token: str | None
    expires_in: Annotated[int, Field(description="Seconds that the access token lives.")]
    session_ends_in: Annotated[int, Field(description="Seconds until the session ends without use.")]
    session_lasts: Annotated[int, Field(description="Seconds until it ends however it is used.")]
    token_type: str = "Bearer"


class LoginReply(TokensReply):
    """The tokens, and whose they are. `device_token` is for programs; browsers get a cookie instead."""

    user: ProfileReply
    device_token: str | None = None


class MessageReply(BaseModel):
    """A sentence for people."""

    message: str


class LogoutReply(MessageReply):
    """Signing out twice is not an error."""


class EndedReply(BaseModel):
    """How many other sessions were ended."""

    ended_sessions: int


class ProfileChange(BaseModel):
    """What people may change of their own account; fields left out stay as they are."""

    model_config = ConfigDict(extra="forbid")

    full_name: Annotated[Name, Field(default_factory=str)]
    phone: Phone = None


class SessionReply(BaseModel):
    """One device that is signed in; `current` is the one asking."""

    session_id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None
    current: bool

    @classmethod
    def of(cls, session: Session, current_id: str | None) -> "SessionReply":
        """What a person is told of one of their sessions."""
        return cls(
            session_id=session.id,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            expires_at=session.expires_at,
            ip=session.ip,
            user_agent=session.user_agent,
            current=session.id == current_id,
        )


class SessionList(BaseModel):
    """The devices where the caller is signed in."""

    items: list[SessionReply]
    next_cursor: str | None = None
