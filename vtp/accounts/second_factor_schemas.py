"""What crosses the wire about second factors."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from vtp.accounts.schemas import Password, Proof

Code = Annotated[
    str, Field(min_length=6, max_length=24, description="Six digits of the app, or a backup code.")
]


class SetupFactorRequest(Proof):
    """Begins a second factor. Accounts without a password leave it out, within ten minutes of being asked by
    a provider who they are."""


class SetupFactorReply(BaseModel):
    """What an authenticator app is told; it counts once a code of it has come back."""

    secret: Annotated[str, Field(description="Base32, to be typed where no camera is.")]
    otpauth_uri: str
    qr_svg: Annotated[str, Field(description="The address as a QR code: an SVG element.")]


class CodeRequest(BaseModel):
    """A code of the app, or a backup code."""

    model_config = ConfigDict(extra="forbid")

    code: Code


class DisableFactorRequest(CodeRequest):
    """Switches the second factor off: needs the password and a code."""

    password: Password | None = None


class BackupCodesReply(BaseModel):
    """Backup codes, each good once; they are shown this once."""

    backup_codes: list[str]


class VerifiedReply(BaseModel):
    """The code was right, and is used up."""

    verified: bool = True


class FactorReply(BaseModel):
    """How the caller's second factor stands."""

    enabled: bool
    enabled_at: datetime | None
    backup_codes_left: int


class CodesLeftReply(BaseModel):
    """How many backup codes are unused, and when they were made."""

    left: int
    created_at: datetime | None
