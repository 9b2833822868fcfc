"""Errors that services raise: what went wrong, in a sentence, without any word of HTTP.

`vtp.http.errors` turns them into RFC 9457 problem details, the signalling turns them into acknowledgements.
A service raises the narrowest of these; everything else that escapes a service is a bug and is logged as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field; `pointer` is a JSON pointer (RFC 6901) such as `/room_name`."""

    pointer: str
    detail: str


class VtpError(Exception):
    """Base of all errors that a caller can do something about.

    `detail` is a sentence for people, `code` a stable word for programs, `errors` names the fields at fault.
    """

    default_code: ClassVar[str] = "error"

    def __init__(self, detail: str, *, code: str = "", errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.errors: list[FieldError] = list(errors)


class NotFound(VtpError):
    """The named thing does not exist."""

    default_code = "not_found"


class Forbidden(VtpError):
    """The caller is known and may not do this."""

    default_code = "forbidden"


class NotSignedIn(VtpError):
    """The call needs a signed-in caller, or its token is not valid (any more)."""

    default_code = "not_signed_in"

    def __init__(
        self,
        detail: str = "Sign in first: this call needs a valid access token.",
        *,
        code: str = "",
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(detail, code=code, errors=errors)


class CodeMissing(NotSignedIn):
    """All that was sent is right, and a code of the second factor is missing: asked for, not failed."""

    default_code = "totp_required"

    def __init__(
        self,
        detail: str = "Send the code of your authenticator app too, or a backup code.",
        *,
        code: str = "",
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(detail, code=code, errors=errors)


class Conflict(VtpError):
    """The state of the thing does not allow this now (taken name, somebody else presents)."""

    default_code = "conflict"


class PreconditionFailed(VtpError):
    """The caller's `If-Match` names another version than the current one."""

    default_code = "precondition_failed"


class PreconditionRequired(VtpError):
    """The call must say by `If-Match` which version it is about."""

    default_code = "precondition_required"


class Invalid(VtpError):
    """The input is well-formed and not acceptable; `errors` says where."""

    default_code = "invalid"


class Malformed(VtpError):
    """The request contradicts itself, or asks for what no valid request could."""

    default_code = "malformed"


class TooLarge(VtpError):
    """The input is larger than allowed."""

    default_code = "too_large"


class RateLimited(VtpError):
    """Too many tries; try again after `retry_after_s` seconds."""

    default_code = "rate_limited"

    def __init__(
        self, detail: str, *, retry_after_s: float, code: str = "", errors: Sequence[FieldError] = ()
    ) -> None:
        super().__init__(detail, code=code, errors=errors)
        self.retry_after_s = retry_after_s


class Unavailable(VtpError):
    """The server cannot do this at the moment (draining, full); try again after `retry_after_s` seconds."""

    default_code = "unavailable"

    def __init__(
        self, detail: str, *, retry_after_s: float = 5.0, code: str = "", errors: Sequence[FieldError] = ()
    ) -> None:
        super().__init__(detail, code=code, errors=errors)
        self.retry_after_s = retry_after_s


class Gone(VtpError):
    """The thing existed and does not any more (used link, deleted recording)."""

    default_code = "gone"


class UpstreamFailed(VtpError):
    """Another server that this one needs for it (mail, sign-in elsewhere) did not do its part."""

    default_code = "upstream_failed"


class StartupError(Exception):
    """Why `vtp serve` cannot start: one sentence that says what to do; ends the process with code 1."""
