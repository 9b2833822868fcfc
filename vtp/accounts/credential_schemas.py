"""What crosses the wire about addresses and passwords: confirming, forgetting, changing."""

from typing import Annotated

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from vtp.accounts.schemas import Email, OpaqueToken, Password, SecondFactorCode


class TokenRequest(BaseModel):
    """The token of a link that was mailed: the part behind `#token=`."""

    token: OpaqueToken


class EmailRequest(BaseModel):
    """An address, with an account or without."""

    email: Email


class ResetPasswordRequest(BaseModel):
    """A new password, by the token of a link. `password` is read too, as older clients write it."""

    model_config = ConfigDict(populate_by_name=True)

    token: OpaqueToken
    new_password: Annotated[Password, Field(validation_alias=AliasChoices("new_password", "password"))]
    totp: SecondFactorCode = None


class ChangePasswordRequest(BaseModel):
    """A new password of who is signed in. An account without one leaves the current one out, within ten
    minutes of being asked by a provider who they are."""

    current_password: Password | None = None
    new_password: Password
    end_other_sessions: Annotated[
        bool, Field(description="Sign out everywhere else; the caller's session goes on.")
    ] = True


class ChangeEmailRequest(BaseModel):
    """Another address, which takes the place of the old one when it is confirmed.

    An account without a password leaves it out, within ten minutes of being asked by a provider who they are.
    """

    new_email: Email
    password: Password | None = None


class VerifiedReply(BaseModel):
    """The address that is confirmed."""

    message: str
    email: str


class ResetTokenReply(BaseModel):
    """A link that is good; the address is masked, as in `a***@school.example`."""

    valid: bool
    email: str


class PasswordChangedReply(BaseModel):
    """How many other sessions were ended."""

    message: str
    ended_sessions: int
