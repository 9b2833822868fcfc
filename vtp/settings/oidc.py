"""Signing in by other servers' accounts."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from vtp.settings.section import Section
from vtp.settings_values import Issuer, MailDomains, Strings


class OidcProvider(Section):
    """A provider by which people sign in (OpenID Connect)."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    title: Annotated[str, Field(max_length=64)] = ""
    issuer: Issuer
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr = SecretStr("")
    secret_in: Literal["header", "form"] = "header"
    scopes: Strings = ["openid", "email", "profile"]
    create_accounts: bool = False
    trust_email: bool = False
    trust_mfa: bool = False
    allowed_domains: MailDomains = []
    role_claim: str = ""
    role_map: dict[str, Literal["admin", "teacher", "assistant", "student"]] = {}

    @model_validator(mode="after")
    def _asks_for_an_identity(self) -> Self:
        if "openid" not in self.scopes:
            raise ValueError("scopes need openid, without which a provider tells nobody's identity")
        if bool(self.role_claim) != bool(self.role_map):
            raise ValueError("role_claim and role_map need each other")
        return self


class OidcSettings(Section):
    """Signing in by other servers' accounts."""

    providers: list[OidcProvider] = []

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        for kind in ("name", "issuer"):
            values = [getattr(one, kind) for one in self.providers]
            if len(set(values)) != len(values):
                raise ValueError(f"two providers have the same {kind}")
        return self
