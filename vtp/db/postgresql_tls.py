"""How a connection to PostgreSQL is encrypted, and whose certificate is believed: decision 0181.

The address may say so in libpq's words (`sslmode`, also as `ssl`; `sslrootcert`, `sslcert`, `sslkey`), and so
may the environment (`PGSSLMODE` and kin) and files in `~/.postgresql`. Where nothing says how, a server on
another machine has to show a certificate for its name.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

VERIFY_FULL = "verify-full"
_VERIFIES = ("verify-ca", VERIFY_FULL)
_OF_THE_SYSTEM = "system"  # libpq's word for the authorities that the system knows
_FOLDER = "~/.postgresql"


def with_tls(options: Mapping[str, Any]) -> dict[str, Any]:
    """What asyncpg is to be asked with, in place of what the address says; reads files of certificates.

    Raises ConnectionError with a sentence for files that cannot be read.
    """
    found = dict(options)
    named = {name: found.pop(name, None) for name in ("sslmode", "sslrootcert", "sslcert", "sslkey")}
    mode = found.pop("ssl", None) or named["sslmode"] or os.environ.get("PGSSLMODE")
    root = named["sslrootcert"]
    if mode is None and _is_elsewhere(found.get("host")):
        mode = VERIFY_FULL
    if mode is None:
        return found
    verifies = mode in _VERIFIES or (mode == "require" and root is not None)  # as libpq has it
    if verifies and (root is not None or not _has_root()):
        found["ssl"] = _context(root, named["sslcert"], named["sslkey"], names=mode == VERIFY_FULL)
    else:
        found["ssl"] = mode  # asyncpg knows libpq's variables and files
    return found


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


def _has_root() -> bool:
    return bool(os.environ.get("PGSSLROOTCERT")) or _file("root.crt").is_file()


def _context(root: str | None, cert: str | None, key: str | None, *, names: bool) -> ssl.SSLContext:
    """Believes an authority's file, or those that the system knows; `names`: certificates name the host."""
    cert = cert or os.environ.get("PGSSLCERT") or _if_there("postgresql.crt")
    key = key or os.environ.get("PGSSLKEY") or _if_there("postgresql.key")
    try:
        context = ssl.create_default_context(cafile=None if root == _OF_THE_SYSTEM else root)
        if cert:
            context.load_cert_chain(cert, key)
    except OSError as error:
        raise ConnectionError(
            f"one of the files {', '.join(filter(None, (root, cert, key)))} cannot be read ({error})"
        ) from error
    context.check_hostname = names
    return context


def _if_there(name: str) -> str | None:
    return str(_file(name)) if _file(name).is_file() else None


def _file(name: str) -> Path:
    path = f"{_FOLDER}/{name}"
    return Path(os.path.expanduser(path))  # noqa: PTH111  raises nothing where there is no home
