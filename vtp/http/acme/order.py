"""One order from its account to its certificate (RFC 8555 section 7.1): threads call, the loop waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from vtp.http.acme.challenges import Challenges
from vtp.http.acme.failures import AcmeError, Fault
from vtp.http.acme.folder import Account, AcmeFolder
from vtp.http.acme.wish import CertificateWish
from vtp.threads import in_daemon_thread

if TYPE_CHECKING:  # heavy: loaded with the first order
    from acme.messages import OrderResource

    from vtp.http.acme.client import AcmeClient

logger = logging.getLogger(__name__)
T = TypeVar("T")

POLLS = 200
LIMIT_S = 180.0
"""For validation and the certificate together; authorities take seconds."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate's chain and the key that was made for it, both PEM."""

    key_pem: bytes
    chain_pem: bytes


async def call(function: Callable[[], T]) -> T:
    """Calls what asks the authority."""
    return await in_daemon_thread(function, "ACME")


async def order_certificate(
    wish: CertificateWish, folder: AcmeFolder, challenges: Challenges, kind: str
) -> Issued:
    """Gets a certificate, validated by challenges of this kind. Raises AcmeError, OSError."""
    account = await asyncio.to_thread(open_account, folder, wish.directory)
    client = await open_client(wish, account)
    try:
        async with asyncio.timeout(LIMIT_S):
            return await _order(client, folder, challenges, kind)
    except TimeoutError as error:
        raise AcmeError(Fault.UNREACHABLE, f"{wish.authority} did not decide in time.") from error
    finally:
        client.close()


async def open_client(wish: CertificateWish, account: Account) -> AcmeClient:
    """Reads the authority's directory. Raises AcmeError."""

    def work() -> AcmeClient:
        from vtp.http.acme.client import AcmeClient

        return AcmeClient(wish, account)

    return await call(work)


def open_account(folder: AcmeFolder, directory: str) -> Account:
    """The kept account, or a new key for one. Raises OSError."""
    return folder.read_account(directory) or Account(directory, make_key().decode())


def make_key() -> bytes:
    """A P-256 key, as PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem, pkcs8, serialization.NoEncryption())


def make_request(key_pem: bytes, names: Sequence[str]) -> bytes:
    """A request for a certificate (CSR, RFC 2986) for these names, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    key = serialization.load_pem_private_key(key_pem, None)
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)  # type: ignore[arg-type]


async def _order(client: AcmeClient, folder: AcmeFolder, challenges: Challenges, kind: str) -> Issued:
    key = await asyncio.to_thread(make_key)
    request = await asyncio.to_thread(make_request, key, client.wish.names)
    order = await _open_order(client, folder, request)
    await _prove(client, order, challenges, kind)
    await call(lambda: client.finalize(order))
    for _ in range(POLLS):
        found = await call(lambda: client.poll_certificate(order))
        if isinstance(found, bytes):
            return Issued(key, found)
        await asyncio.sleep(found)
    raise AcmeError(Fault.UNREACHABLE, f"{client.wish.authority} did not make the certificate in time.")


async def _open_order(client: AcmeClient, folder: AcmeFolder, request: bytes) -> OrderResource:
    """Registers where that is needed: at first, and where the authority knows the account no more."""
    if client.account.uri:
        try:
            return await call(lambda: client.open_order(request))
        except AcmeError as failure:
            if failure.code != "accountDoesNotExist":
                raise
            logger.warning("%s knows our account no more; a new one is made.", client.wish.authority)
            client.forget_account()
    account = await call(client.register)
    await asyncio.to_thread(folder.write_account, account)
    logger.info("An account with %s was made: %s", client.wish.authority, account.uri)
    return await call(lambda: client.open_order(request))


async def _prove(client: AcmeClient, order: OrderResource, challenges: Challenges, kind: str) -> None:
    proofs = client.proofs(order, kind)
    async with challenges.shown([proof for proof, _ in proofs]):
        for proof, challenge in proofs:
            logger.info("%s is asked to validate %s by %s.", client.wish.authority, proof.name, kind)
            await call(lambda challenge=challenge: client.answer(challenge))  # type: ignore[misc]
        for _ in range(POLLS):
            wait_s = await call(lambda: client.poll_authorizations(order))
            if wait_s == 0:
                return
            await asyncio.sleep(wait_s)
    raise AcmeError(Fault.UNREACHABLE, f"{client.wish.authority} did not validate in time.")
