"""One authority, called through certbot's `acme` package. It blocks: every method is for a thread.

Imported with the first order only: it brings `requests` and `josepy` with it.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import requests
from acme import challenges, client, errors, messages
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from josepy import jwa, jwk
from josepy.errors import Error as JoseError

from vtp import __version__
from vtp.http.acme.challenges import Proof
from vtp.http.acme.failures import AcmeError, Fault, failure_of
from vtp.http.acme.folder import Account
from vtp.http.acme.wish import TLS_ALPN, CertificateWish

logger = logging.getLogger(__name__)

REQUEST_TIMEOUT_S = 20
NONCE_TRIES = 10
_MISREAD = (ValueError, LookupError, TypeError, AttributeError)
"""What the package raises where an answer has another shape than the RFC's."""
POLL_S, POLL_LIMIT_S = 0.3, 10.0


@challenges.ChallengeResponse.register
class TLSALPN01Response(challenges.KeyAuthorizationChallengeResponse):
    """TLS-ALPN-01 (RFC 8737), which the package has no more."""

    typ = TLS_ALPN


@challenges.Challenge.register
class TLSALPN01(challenges.KeyAuthorizationChallenge):
    """TLS-ALPN-01 (RFC 8737)."""

    response_cls = TLSALPN01Response
    typ = response_cls.typ

    def validation(self, account_key: jwk.JWK, **_: Any) -> str:
        """The key authorization, whose digest goes into the certificate that is shown."""
        return self.key_authorization(account_key)


class _Network(client.ClientNetwork):
    """Remembers what the package forgets: how long the authority asks to be left alone."""

    def __init__(self, key: jwk.JWK, wish: CertificateWish) -> None:
        super().__init__(key, alg=jwa.ES256, user_agent=f"vtp/{__version__}", timeout=REQUEST_TIMEOUT_S)
        self.verify_ssl = cast(bool, wish.ca_file or True)
        self.retry_after_s = 0.0
        self.session.hooks["response"].append(self._note)

    def post(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Tries again while nonces are refused (RFC 8555 section 6.5); the package does so once."""
        for _ in range(NONCE_TRIES):
            try:
                return super().post(*args, **dict(kwargs))
            except messages.Error as error:
                if error.code != "badNonce":
                    raise
                logger.debug("%s refused a nonce.", args[0])
                last = error
        raise last

    def _note(self, response: requests.Response, *_: Any, **__: Any) -> None:
        self.retry_after_s = _seconds(response.headers.get("Retry-After", ""))


class AcmeClient:
    """Talks to the authority of a wish for one account. Every method raises AcmeError."""

    def __init__(self, wish: CertificateWish, account: Account) -> None:
        self.wish = wish
        self.account = account
        self._key = jwk.JWKEC(key=load_pem_private_key(account.key_pem.encode(), None))
        self._network = _Network(self._key, wish)
        with self._told():
            directory = client.ClientV2.get_directory(wish.directory, self._network)
            self._client = client.ClientV2(directory, self._network)
            if account.uri:
                self._take(account.uri)

    def close(self) -> None:
        """Closes the connections."""
        self._network.session.close()

    def register(self) -> Account:
        """The account with its address at the authority, made there if it is new."""
        binding = None
        with self._told():
            if self._client.external_account_required() and self.wish.eab is None:
                raise AcmeError(
                    Fault.REFUSED,
                    f"{self.wish.authority} serves its own customers: get a key id and an HMAC key there "
                    "and set http.acme_eab_kid and http.acme_eab_key.",
                )
            if self.wish.eab is not None:
                kid, key = self.wish.eab
                binding = messages.ExternalAccountBinding.from_data(
                    self._key.public_key(), kid, key, self._client.directory
                )
            wanted = messages.NewRegistration.from_data(
                email=self.wish.mail or None, external_account_binding=binding, terms_of_service_agreed=True
            )
            try:
                uri = self._client.new_account(wanted).uri
            except errors.ConflictError as known:  # this key has an account already
                uri = known.location
            self._take(uri)
        self.account = replace(self.account, uri=uri)
        return self.account

    def forget_account(self) -> None:
        """The key stays; where the account was is nothing to the authority any more."""
        self._network.account = None
        self.account = replace(self.account, uri="")

    def open_order(self, csr_pem: bytes) -> messages.OrderResource:
        """Orders a certificate for the names of the request."""
        with self._told():
            return self._client.new_order(csr_pem)

    def proofs(self, order: messages.OrderResource, kind: str) -> list[tuple[Proof, messages.ChallengeBody]]:
        """What must be shown, and what to answer once it is; nothing for names that are proven already."""
        return [
            self._proof(one, kind)
            for one in order.authorizations
            if one.body.status == messages.STATUS_PENDING
        ]

    def answer(self, challenge: messages.ChallengeBody) -> None:
        """Says that the proof can be looked at."""
        with self._told():
            self._client.answer_challenge(challenge, challenge.chall.response(self._key))

    def poll_authorizations(self, order: messages.OrderResource) -> float:
        """0 when every name is proven, else the seconds to wait before another look."""
        wait_s, failed = 0.0, []
        with self._told():
            for one in order.authorizations:
                found, _ = self._client.poll(one)
                if found.body.status in (messages.STATUS_PENDING, messages.STATUS_PROCESSING):
                    wait_s = max(wait_s, POLL_S, min(self._network.retry_after_s, POLL_LIMIT_S))
                elif found.body.status != messages.STATUS_VALID:
                    failed.append(found)
            if failed:
                raise errors.ValidationError(failed)
        return wait_s

    def finalize(self, order: messages.OrderResource) -> None:
        """Hands in the request for a certificate, all names being proven."""
        with self._told():
            try:
                self._client.begin_finalization(order)
            except messages.Error as error:
                if error.code != "orderNotReady":  # `poll_certificate` hands it in again
                    raise

    def poll_certificate(self, order: messages.OrderResource) -> bytes | float:
        """The chain as PEM, or the seconds to wait before another look.

        The package's own method sleeps before it looks, for a second at least.
        """
        with self._told():
            found = messages.Order.from_json(self._fetch(order.uri).json())
            wait_s = max(POLL_S, min(self._network.retry_after_s, POLL_LIMIT_S))
            if found.status == messages.STATUS_VALID and found.certificate:
                return self._fetch(found.certificate).text.encode("ascii")
            if found.status == messages.STATUS_INVALID:
                if found.error is not None:
                    raise errors.IssuanceError(found.error)
                raise AcmeError(Fault.REFUSED, f"{self.wish.authority} gave the order up, without a reason.")
        if found.status == messages.STATUS_READY:
            self.finalize(order)
        return wait_s

    def suggested_renewal(self, chain_pem: bytes) -> tuple[dt.datetime | None, dt.datetime]:
        """When the authority would renew it (RFC 9773), None when it does not say, and when to ask again."""
        with self._told():
            suggested, again = self._client.renewal_time(chain_pem)
        return suggested, again.astimezone(dt.UTC)

    def _fetch(self, url: str) -> requests.Response:
        """POST-as-GET, RFC 8555 section 6.3."""
        return self._network.post(url, None, new_nonce_url=self._client.directory["newNonce"])

    def _take(self, uri: str) -> None:
        self._network.account = messages.RegistrationResource(uri=uri, body=messages.Registration())

    def _proof(
        self, authorization: messages.AuthorizationResource, kind: str
    ) -> tuple[Proof, messages.ChallengeBody]:
        name = authorization.body.identifier.value
        offered = {one.chall.typ: one for one in authorization.body.challenges}
        chosen = offered.get(kind)
        if chosen is None:
            raise AcmeError(
                Fault.REFUSED,
                f"{self.wish.authority} offers no {kind} for {name}, only {', '.join(map(str, offered))}.",
            )
        token = chosen.chall.encode("token")
        return Proof(name, kind, token, chosen.chall.key_authorization(self._key)), chosen

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns what the package and requests raise into AcmeError."""
        self._network.retry_after_s = 0.0
        try:
            yield
        except (errors.Error, JoseError, OSError, *_MISREAD) as error:  # those of requests are OSError
            raise failure_of(error, self.wish.authority, self._network.retry_after_s) from error


def _seconds(retry_after: str) -> float:
    """Seconds from now, of the two forms of RFC 9110 section 10.2.3; 0 for neither."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return 0.0
