"""Where HTTP listens, and its certificates."""

from __future__ import annotations

import contextlib
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from vtp.idn import to_ascii
from vtp.settings.section import Section
from vtp.settings_values import (
    Count,
    Directory,
    HmacKey,
    HostNames,
    Networks,
    OriginList,
    Port,
    PublicUrl,
    host_name,
)

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"


class HttpSettings(Section):
    """Where HTTP listens and whom it trusts."""

    host: str = "0.0.0.0"
    port: Port = 8080
    tls: Literal["auto", "files", "acme", "off"] = "auto"
    tls_port: Port = 8443
    tls_cert: str = ""
    tls_key: str = ""
    acme_agree: bool = False
    acme_names: HostNames = []
    acme_mail: str = ""
    acme_directory: Directory = LETS_ENCRYPT
    acme_challenge: Literal["auto", "tls-alpn-01", "http-01"] = "auto"
    acme_ca_file: str = ""
    acme_eab_kid: str = ""
    acme_eab_key: HmacKey = SecretStr("")
    trusted_proxies: Networks = []
    public_url: PublicUrl = ""
    cors_origins: OriginList = []
    metrics_from: Networks = ["127.0.0.0/8", "::1/128"]
    max_body_bytes: Count = 1_048_576
    request_timeout_s: Annotated[float, Field(gt=0)] = 30.0

    @model_validator(mode="after")
    def _files_are_named(self) -> Self:
        if self.tls == "files" and not (self.tls_cert and self.tls_key):
            raise ValueError('tls = "files" needs both http.tls_cert and http.tls_key')
        return self

    @model_validator(mode="after")
    def _acme_is_complete(self) -> Self:
        if self.tls != "acme":
            return self
        if not self.acme_hosts:
            raise ValueError(
                'tls = "acme" needs the name that people use: set http.public_url, such as '
                "https://school.example"
            )
        for name in self.acme_hosts:
            try:
                host_name(name)
            except ValueError as error:
                raise ValueError(
                    f'tls = "acme" gets no certificate for {name}: set http.public_url to a name in DNS, as '
                    "https://school.example"
                ) from error
        if not self.acme_agree:
            raise ValueError(
                'tls = "acme" orders certificates in your name: read the terms of the authority '
                "(Let's Encrypt: https://letsencrypt.org/repository/) and set http.acme_agree = true"
            )
        if bool(self.acme_eab_kid) != bool(self.acme_eab_key.get_secret_value()):
            raise ValueError("http.acme_eab_kid and http.acme_eab_key come in a pair, from the authority")
        return self

    @property
    def acme_hosts(self) -> list[str]:
        """The names of the certificate that `tls = "acme"` orders, as in DNS; that of `public_url` first."""
        host = urlsplit(self.public_url).hostname or ""
        with contextlib.suppress(ValueError):
            host = to_ascii(host)
        return list(dict.fromkeys(name for name in [host, *self.acme_names] if name))
