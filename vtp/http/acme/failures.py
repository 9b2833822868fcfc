"""Why an order failed, in a sentence, and what that means for the next try."""

from __future__ import annotations

import enum
import re


class Fault(enum.Enum):
    """Whose fault: that decides how soon another try makes sense."""

    UNREACHABLE = "unreachable"
    """The authority does not answer, or not as one does."""
    REFUSED = "refused"
    """It answered no: a name that does not lead here, a setting."""
    RATE_LIMITED = "rate limited"


class AcmeError(Exception):
    """`sentence` is for people; `retry_after_s` what the authority asked for, 0 when it named no time."""

    def __init__(self, fault: Fault, sentence: str, *, retry_after_s: float = 0.0, code: str = "") -> None:
        super().__init__(sentence)
        self.fault = fault
        self.sentence = sentence
        self.retry_after_s = retry_after_s
        self.code = code


def failure_of(error: Exception, authority: str, retry_after_s: float) -> AcmeError:
    """What an exception of the `acme` package, or of HTTP below it, means."""
    import requests  # heavy, as the package is
    from acme import errors, messages

    if isinstance(error, AcmeError):
        return error
    if isinstance(error, errors.ValidationError):
        return AcmeError(Fault.REFUSED, _validation(error))
    if isinstance(error, errors.IssuanceError):
        return AcmeError(Fault.REFUSED, f"{authority} issued no certificate: {_words(error.error)}")
    if isinstance(error, messages.Error):
        return _problem(error, authority, retry_after_s)
    if isinstance(error, requests.RequestException):
        return AcmeError(Fault.UNREACHABLE, f"{authority} cannot be reached ({_short(error)}).")
    if isinstance(error, OSError):  # from this machine, not from the network
        return AcmeError(Fault.REFUSED, f"{_short(error).rstrip('.')}; correct http.acme_ca_file.")
    if isinstance(error, errors.TimeoutError):
        return AcmeError(Fault.UNREACHABLE, f"{authority} did not decide in time.")
    return AcmeError(
        Fault.UNREACHABLE,
        f"{authority} did not answer as an ACME server does ({type(error).__name__}: {_short(error)}).",
        retry_after_s=retry_after_s,
    )


def _problem(error, authority: str, retry_after_s: float) -> AcmeError:  # type: ignore[no-untyped-def]
    code = error.code or ""
    said = f"{authority} refused: {_words(error)}"
    if code == "rateLimited":
        return AcmeError(Fault.RATE_LIMITED, said, retry_after_s=retry_after_s, code=code)
    fault = Fault.UNREACHABLE if code in ("serverInternal", "badNonce") else Fault.REFUSED
    return AcmeError(fault, said, retry_after_s=retry_after_s, code=code)


def _validation(error) -> str:  # type: ignore[no-untyped-def]
    """What the authority found at each name that it could not validate."""
    found = []
    for authorization in error.failed_authzrs:
        for challenge in authorization.body.challenges:
            if challenge.error is not None:
                name, kind = authorization.body.identifier.value, challenge.chall.typ
                found.append(f"{name} was not validated by {kind}: {_words(challenge.error)}")
    return " ".join(found) or "A name was not validated, without a reason."


def _words(error) -> str:  # type: ignore[no-untyped-def]
    """The authority's own words, with its code, which says more to a search engine."""
    details = [error.detail, *(one.detail for one in error.subproblems or ())]
    said = " ".join(one.strip().rstrip(".") + "." for one in details if one) or "no reason given."
    return f"{said} ({error.code or error.typ})"


def _short(error: Exception) -> str:
    """The end of a chain of causes: what requests puts around it says nothing more."""
    said = str(error).strip() or type(error).__name__
    inner = re.search(r"(\[Errno -?\d+\] [^'\")]+|certificate verify failed: [^(\"]+|timed out)", said)
    return (inner[1] if inner else said).strip()[:300]
