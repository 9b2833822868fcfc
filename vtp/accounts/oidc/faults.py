"""Why a sign-in by a provider did not come about: a word for the page, and for the log what happened."""

import enum


class Reason(enum.StrEnum):
    """The codes of `/sign-in?error=CODE`; docs/api.md explains each."""

    FLOW_EXPIRED = "flow_expired"  # unknown, used, older than ten minutes, or begun in another browser
    DENIED = "denied"  # the person, or the provider, said no
    PROVIDER_UNAVAILABLE = "provider_unavailable"  # it does not answer, or not with what it should
    PROVIDER_REFUSED = "provider_refused"  # the client's id, secret or address is not what it knows
    INVALID_TOKEN = "invalid_token"  # what it says of the person does not hold
    NOT_ASKED_ANEW = "not_asked_anew"  # it does not say that the person has just shown who they are
    NO_ACCOUNT = "no_account"
    NO_EMAIL = "no_email"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    DOMAIN_NOT_ALLOWED = "domain_not_allowed"
    ACCOUNT_EXISTS = "account_exists"  # and is not this person's beyond doubt: sign in, then link
    ACCOUNT_DISABLED = "account_disabled"
    IDENTITY_TAKEN = "identity_taken"  # it is linked to another account
    TOO_MANY = "too_many"


class SignInFaultError(Exception):
    """A sign-in that ends; `detail` is for the log and says nothing secret."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
