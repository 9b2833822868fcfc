"""How a connection to PostgreSQL is encrypted, and whose certificate is believed: decision 0181.

The address may say so in libpq's words (`sslmode`, also as `ssl`; `sslrootcert`, `sslcert`, `sslkey`), and so
may the environment (`PGSSLMODE` and kin) and files in `~/.postgresql`. Where nothing says how, a server on
another machine has to show a certificate for its name. What would protect less than it says is refused.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

VERIFY_FULL = "verify-full"
_CHECKS = ("require", "verify-ca", VERIFY_FULL)  # a certificate, if an authority is named
_MODES = ("disable", "allow", "prefer", *_CHECKS)
_FILES = ("sslrootcert", "sslcert", "sslkey")
_OF_THE_SYSTEM = "system"  # libpq's word for the authorities that the system knows
_FOLDER = "~/.postgresql"


def with_tls(options: Mapping[str, Any]) -> dict[str, Any]:
    """What asyncpg is to be asked with, in place of what the address says; reads files of certificates.

    Raises ConnectionError with a sentence for files that cannot be read, and for what contradicts itself.
    """
    found = dict(options)
    files = {name: path for name in _FILES if (path := found.pop(name, None))}
    modes = found.pop("ssl", None), found.pop("sslmode", None), os.environ.get("PGSSLMODE")
    mode = next(filter(None, modes), None)
    if mode is None and ("sslrootcert" in files or _is_elsewhere(found.get("host"))):
        mode = VERIFY_FULL
    if mode is None and not files:
        return found
    mode = (mode or "prefer").replace("_", "-")  # as asyncpg has it
    root = files.get("sslrootcert") or os.environ.get("PGSSLROOTCERT") or _if_there("root.crt")
    _refuse_what_protects_less(mode, root, files)
    if mode == VERIFY_FULL and root in (None, _OF_THE_SYSTEM):
        found["ssl"] = _context(_OF_THE_SYSTEM, files)
        return found
    found["ssl"] = mode  # asyncpg knows libpq's variables and files
    if files:
        _context(files.get("sslrootcert"), files)
        found["dsn"] = f"postgresql://?{urlencode(files)}"  # it takes them in an address alone
    return found


def _refuse_what_protects_less(mode: str, root: str | None, files: Mapping[str, str]) -> None:
    if mode not in _MODES:
        raise ConnectionError(f"sslmode={mode} is none of {', '.join(_MODES)}")
    if (mode == "disable" and files) or (mode not in _CHECKS and "sslrootcert" in files):
        raise ConnectionError(
            f"sslmode={mode} checks no certificate, but database.url has {', '.join(files)}: "
            f"take that out, or write sslmode={VERIFY_FULL}"
        )
    if root == _OF_THE_SYSTEM and mode in ("require", "verify-ca"):
        raise ConnectionError(
            f"sslmode={mode} with sslrootcert=system would believe anybody who has a certificate for "
            f"any name: write sslmode={VERIFY_FULL}"
        )
    if root is None and mode == "verify-ca":
        raise ConnectionError(
            "sslmode=verify-ca needs the file of an authority, ?sslrootcert=/path: the authorities that the "
            f"system knows vouch for anybody's name; sslmode={VERIFY_FULL} checks the name, too"
        )


def _is_elsewhere(hosts: Any) -> bool:
    """Whether one of the servers is on another machine, as far as its name tells."""
    hosts = hosts or os.environ.get("PGHOST") or []
    return not all(map(_is_here, hosts.split(",") if isinstance(hosts, str) else hosts))


def _is_here(host: str) -> bool:
    if host.startswith(("/", "@")) or host.lower() in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _context(root: str | None, files: Mapping[str, str]) -> ssl.SSLContext:
    """Believes that authority, for the name of the host; as asyncpg makes one of libpq's words."""
    cert = files.get("sslcert") or os.environ.get("PGSSLCERT") or _if_there("postgresql.crt")
    key = files.get("sslkey") or os.environ.get("PGSSLKEY") or _if_there("postgresql.key")
    revoked = os.environ.get("PGSSLCRL") or _if_there("root.crl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if root == _OF_THE_SYSTEM:
            context.load_default_certs()
        elif root:
            context.load_verify_locations(root)
        if cert:
            context.load_cert_chain(cert, key, password=lambda: "")  # else OpenSSL asks on the terminal
        if revoked:
            context.load_verify_locations(revoked)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    except OSError as error:
        raise ConnectionError(
            f"one of the files {', '.join(filter(None, (root, cert, key, revoked)))} cannot be read ({error})"
        ) from error
    context.minimum_version = _version("PGSSLMINPROTOCOLVERSION", ssl.TLSVersion.TLSv1_2)
    context.maximum_version = _version("PGSSLMAXPROTOCOLVERSION", ssl.TLSVersion.MAXIMUM_SUPPORTED)
    context.set_alpn_protocols(["postgresql"])
    return context


def _version(variable: str, otherwise: ssl.TLSVersion) -> ssl.TLSVersion:
    """What the environment says of it, as `TLSv1.3`."""
    said = os.environ.get(variable)
    if not said:
        return otherwise
    try:
        return ssl.TLSVersion[said.replace(".", "_")]
    except KeyError:
        raise ConnectionError(f"{variable}={said} is no version of TLS: write TLSv1.2 or TLSv1.3") from None


def _if_there(name: str) -> str | None:
    return str(_file(name)) if _file(name).is_file() else None


def _file(name: str) -> Path:
    path = f"{_FOLDER}/{name}"
    return Path(os.path.expanduser(path))  # noqa: PTH111  raises nothing where there is no home
