"""What crosses the wire about signing in by a provider."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vtp.accounts.schemas import OpaqueToken, Proof
from vtp.accounts.second_factor_schemas import Code


def _own_path(value: str) -> str:
    """A path of this server: browsers read `//` and `/\\\\` as another host, and skip control characters."""
    if not value.startswith("/") or value.startswith(("//", "/\\")) or "\\" in value:
        raise ValueError("write a path of this server such as /rooms/physics-1")
    if not value.isascii() or any(not "!" <= character <= "~" for character in value):
        raise ValueError("write it in ASCII, everything else percent-encoded")
    return value


OwnPath = Annotated[str, Field(max_length=512), AfterValidator(_own_path)]
Returned = Annotated[str | None, Field(max_length=8192)]


class ProviderReply(BaseModel):
    """One provider, for a button."""

    name: str
    title: str


class ProvidersReply(BaseModel):
    """Those that people can sign in by."""

    providers: list[ProviderReply]


class StartQuery(BaseModel):
    """Where to go once signed in."""

    return_to: OwnPath = "/"
    anew: Annotated[
        bool, Field(description="Have the provider ask who it is, also somebody whom it knows already.")
    ] = False


class CallbackQuery(BaseModel):
    """What the provider answers; whatever else it sends is not looked at."""

    state: Returned = None
    code: Returned = None
    error: Returned = None
    iss: Returned = None


class UnlinkRequest(Proof):
    """Unlinks an identity. Who has no password leaves it out, and has been asked by a provider who they
    are, a moment ago."""


class LinkRequest(Proof):
    """Links an identity. The password may be left out within ten minutes after signing in, if no provider is
    linked, or of being asked by one who one is."""

    return_to: OwnPath = "/profile"


class LinkReply(BaseModel):
    """The provider's page, where the browser goes now."""

    location: str


class ConfirmRequest(BaseModel):
    """Ends a sign-in that waits for a code: the `second_factor` of the page's address, and the code."""

    model_config = ConfigDict(extra="forbid")

    second_factor: OpaqueToken
    code: Code
    cookie: bool = False


class IdentityReply(BaseModel):
    """Who the caller is at a provider; `provider` is null for one that is not set up any more."""

    identity_id: str
    provider: str | None
    title: str
    email: str | None
    created_at: datetime
    last_used_at: datetime | None


class IdentitiesReply(BaseModel):
    """Everything that is linked to the caller's account."""

    items: list[IdentityReply]
    next_cursor: str | None = None
