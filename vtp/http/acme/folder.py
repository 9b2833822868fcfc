"""What is kept in `data_dir/acme`: account keys, certificate with key, and how the last order went."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import ssl
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vtp.atomic_files import write_file

logger = logging.getLogger(__name__)

NEVER = dt.datetime.fromtimestamp(0, dt.UTC)


@dataclass(frozen=True, slots=True)
class Account:
    """An account with one authority; `uri` is empty until it has been registered."""

    directory: str
    key_pem: str
    uri: str = ""


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """The certificate in the folder: `chain_pem` without the key that lies in the same file."""

    path: Path
    names: frozenset[str]
    not_before: dt.datetime
    not_after: dt.datetime
    chain_pem: bytes


@dataclass(frozen=True, slots=True)
class OrderState:
    """How orders went, over restarts. `mark` is that of the wish that was tried last."""

    mark: str = ""
    directory: str = ""
    challenge: str = ""
    """The one that worked last."""
    failures: int = 0
    """In a row, since the last certificate."""
    failed_at: dt.datetime = NEVER
    """By the clock as it was then."""
    next_at: dt.datetime = NEVER
    """Nothing is asked of the authority before."""
    error: str = ""


class AcmeFolder:
    """Reads and writes the files, for their owner only; a damaged account is moved aside, never deleted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.certificate_file = path / "certificate.pem"
        self.state_file = path / "state.json"

    def account_file(self, directory: str) -> Path:
        """Where the account with this authority is."""
        host = urlsplit(directory).hostname or "authority"
        return self.path / f"account-{host}-{hashlib.sha256(directory.encode()).hexdigest()[:8]}.json"

    def read_account(self, directory: str) -> Account | None:
        """The account, None when there is none or a damaged one, which is put aside."""
        file = self.account_file(directory)
        try:
            account = Account(**_read_json(file))
            _check_key(account.key_pem)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            aside = file.with_suffix(".damaged")
            file.replace(aside)
            logger.warning(
                "The ACME account in %s is damaged (%s); it is kept as %s, and a new account is made.",
                file,
                error,
                aside.name,
            )
            return None
        return account

    def write_account(self, account: Account) -> None:
        """Raises OSError."""
        self._write(self.account_file(account.directory), json.dumps(asdict(account)).encode())

    def read_certificate(self) -> StoredCertificate | None:
        """The certificate, None when there is none that serves; one that does not fit its key is no loss."""
        file = self.certificate_file
        try:
            text = file.read_bytes()
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file)
            return read_chain(file, text)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            logger.warning("The certificate in %s cannot be used (%s); another one is ordered.", file, error)
            return None

    def write_certificate(self, key_pem: bytes, chain_pem: bytes) -> None:
        """Key and chain in one file, so that no crash leaves one without the other. Raises OSError."""
        self._write(self.certificate_file, key_pem.strip() + b"\n" + chain_pem.strip() + b"\n")

    def read_state(self) -> OrderState:
        """How orders went; as if there had been none where nothing can be read."""
        try:
            known = _read_json(self.state_file)
            next_at = dt.datetime.fromisoformat(known.pop("next_at"))
            failed_at = dt.datetime.fromisoformat(known.pop("failed_at", NEVER.isoformat()))
            return OrderState(**known, failed_at=failed_at, next_at=next_at)
        except FileNotFoundError:
            return OrderState()
        except (OSError, ValueError, TypeError, KeyError) as error:
            logger.warning("%s cannot be read (%s); it is begun anew.", self.state_file, error)
            return OrderState()

    def write_state(self, state: OrderState) -> None:
        """Raises OSError."""
        times = {"failed_at": state.failed_at.isoformat(), "next_at": state.next_at.isoformat()}
        known = asdict(state) | times
        self._write(self.state_file, json.dumps(known, indent=1).encode())

    def _write(self, file: Path, data: bytes) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(file, data)


def read_chain(file: Path, text: bytes) -> StoredCertificate:
    """Reads a PEM file with a chain, the server's own certificate first. Raises ValueError."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    chain = x509.load_pem_x509_certificates(text)
    own = chain[0]
    try:
        names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise ValueError("The certificate has no names.") from error
    return StoredCertificate(
        file,
        frozenset(name.lower() for name in names.get_values_for_type(x509.DNSName)),
        own.not_valid_before_utc,
        own.not_valid_after_utc,
        b"".join(one.public_bytes(Encoding.PEM) for one in chain),
    )


def covers(certificate: StoredCertificate, names: Sequence[str]) -> bool:
    """Whether it is for exactly these names."""
    return certificate.names == frozenset(names)


def _read_json(file: Path) -> dict[str, Any]:
    found = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError("It holds no JSON object.")
    return found


def _check_key(key_pem: str) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    load_pem_private_key(key_pem.encode(), None)
