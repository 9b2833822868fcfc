"""How single settings are written: what is wrong with one is told in a sentence that says what to write."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from vtp.idn import to_ascii, to_unicode
from vtp.mail.addresses import read_sender
from vtp.storage_address import parse_storage_address
from vtp.time_zones import known_zone

HERE = ("localhost", "127.0.0.1", "::1")
_HOST_NAME = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)

_ANY_HOST_NAME = re.compile(
    r"(?=.{1,253}$)(?![0-9.]+$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+={0,2}")


def split_list(value: object) -> object:
    """Lets the environment write a list as `a, b` where TOML writes `["a", "b"]`."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError as error:
        raise ValueError("write an IP address or a network such as 10.0.0.0/8") from error


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ValueError("write an origin such as https://school.example, without a path and without a *")
    return f"{parts.scheme}://{parts.netloc}".lower()


def _public_url(value: str) -> str:
    return _origin(value) if value else ""


def host_name(value: str) -> str:
    """A name that an authority may certify: of two labels at least, as it is written in DNS."""
    try:
        name = to_ascii(value)
    except ValueError:
        name = ""
    if not _HOST_NAME.fullmatch(name):
        raise ValueError("write host names such as school.example, without a * and without an address")
    return name


def _allowed_host(value: str) -> str:
    """A host that webhooks may go to: a name or an address, or `*.` for every name below one."""
    below, name = ("*.", value[2:]) if value.startswith("*.") else ("", value)
    try:
        if not below and ("/" not in value and (":" in value or value.replace(".", "").isdecimal())):
            return str(ipaddress.ip_address(value))
        name = to_ascii(name)
        good = _ANY_HOST_NAME.fullmatch(name) is not None
    except ValueError:
        good = False
    if not good:
        raise ValueError(
            "write hosts such as lms.example, or *.school.example for all below one; without https://, "
            "a port or a path"
        )
    return below + name


def _mail_domain(value: str) -> str:
    """As the addresses of accounts spell it."""
    try:
        return to_unicode(value.strip())
    except ValueError as error:
        raise ValueError("write the domain of addresses such as school.example") from error


def _hmac_key(value: SecretStr) -> SecretStr:
    """As authorities give them, RFC 8555 section 7.3.4; other characters would be passed over unseen."""
    text = value.get_secret_value()
    if text and (not _BASE64URL.fullmatch(text) or len(text.rstrip("=")) % 4 == 1):
        raise ValueError("write the HMAC key as the authority gives it: base64url, of A-Z a-z 0-9 - and _")
    return value


def _directory(value: str) -> str:
    parts = urlsplit(value)
    here = parts.hostname in HERE
    if not parts.hostname or parts.scheme not in ("https", "http") or (parts.scheme == "http" and not here):
        raise ValueError("write the https address of an ACME directory")
    return value


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value)) if value else ""
    except ValueError as error:
        raise ValueError("write an IP address such as 203.0.113.7") from error


def _sender(value: str) -> str:
    if value:
        read_sender(value)
    return value


def _storage_url(value: str) -> str:
    parse_storage_address(value)
    return value


def _endpoint(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or "@" in value):
        raise ValueError("write the address of the object store, such as https://s3.school.example:9000")
    return value.rstrip("/")


def _lrs_url(value: str) -> str:
    parts = urlsplit(value)
    here = parts.hostname in HERE
    good = parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and here))
    if value and (not good or parts.query or parts.fragment or "@" in value):
        raise ValueError(
            "write the https address of the record store, such as https://lrs.school.example/xapi, without "
            "/statements, a name or a password"
        )
    return value.rstrip("/").removesuffix("/statements")


def _queue_url(value: str) -> str:
    if value and not (value.startswith(("redis://", "rediss://")) and urlsplit(value).hostname):
        raise ValueError("write redis://host:6379/0, rediss:// for TLS, or leave it empty")
    return value


def _port_range(value: str) -> str:
    first, _, last = value.partition("-")
    if value and not (first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last) <= 65535):
        raise ValueError("write a range of ports such as 41000-41199")
    return value


Strings = Annotated[list[str], BeforeValidator(split_list)]
Networks = Annotated[
    list[Annotated[str, BeforeValidator(lambda v: _network(str(v)))]], BeforeValidator(split_list)
]
Origin = Annotated[str, BeforeValidator(lambda v: _origin(str(v)))]
OriginList = Annotated[list[Origin], BeforeValidator(split_list)]
HostNames = Annotated[
    list[Annotated[str, BeforeValidator(lambda v: host_name(str(v)))]], BeforeValidator(split_list)
]
MailDomains = Annotated[
    list[Annotated[str, BeforeValidator(lambda v: _mail_domain(str(v)))]], BeforeValidator(split_list)
]
AllowedHosts = Annotated[
    list[Annotated[str, BeforeValidator(lambda v: _allowed_host(str(v)))]], BeforeValidator(split_list)
]
Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1)]
BufferBytes = Annotated[int, Field(ge=0, le=1_073_741_823)]
"""Of a socket; the kernel doubles it and counts in 32 bits."""


def _not_empty(value: object) -> object:
    """An empty variable is a forgotten one: as a path it would mean the folder that one happens to be in."""
    if value == "":
        raise ValueError("write the path of a folder, or leave the setting out")
    return value


DataDir = Annotated[Path, BeforeValidator(_not_empty)]


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    local = parts.hostname in HERE
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ValueError("write the provider's issuer, an address that begins with https://")
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("write the issuer as the provider's discovery document names it")
    return value


Directory = Annotated[str, BeforeValidator(lambda v: _directory(str(v)))]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
TimeZone = Annotated[str, AfterValidator(known_zone)]
HmacKey = Annotated[SecretStr, AfterValidator(_hmac_key)]
IpAddress = Annotated[str, BeforeValidator(lambda v: _address(str(v)))]
Issuer = Annotated[str, Field(max_length=255), AfterValidator(_issuer)]
PortRange = Annotated[str, BeforeValidator(lambda v: _port_range(str(v)))]
LrsUrl = Annotated[str, AfterValidator(_lrs_url)]
PublicUrl = Annotated[str, BeforeValidator(lambda v: _public_url(str(v)))]
QueueUrl = Annotated[str, AfterValidator(_queue_url)]
StorageUrl = Annotated[str, AfterValidator(_storage_url)]
Sender = Annotated[str, BeforeValidator(lambda v: _sender(str(v)))]
