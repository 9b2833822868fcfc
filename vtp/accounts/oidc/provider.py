"""One OpenID provider: what it says of itself, its keys, and the exchange of a code for claims."""

import asyncio
import base64
import hashlib
import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode

from vtp.accounts.oidc.faults import Reason, SignInFaultError
from vtp.accounts.oidc.fetch import get_json, is_acceptable, post_form
from vtp.accounts.oidc.id_token import Expected, UnknownKeyError, read_id_token, read_keys
from vtp.accounts.oidc.proofs import LASTS
from vtp.settings import OidcProvider

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

logger = logging.getLogger(__name__)
KEPT_S = 3600.0  # metadata and keys are asked for again after that
_OF_THE_SIGN_IN = ("amr", "auth_time")  # what is said of a sign-in counts in its ID token alone
_WITHOUT_LOGIN = ("https://accounts.google.com",)
"""Providers that know no `prompt=login` and do not say so in their discovery document."""
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What of a provider's discovery document is used (OpenID Connect Discovery 1.0, section 3)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    names_itself: bool  # in each answer, RFC 9207
    takes_login: bool  # as `prompt`; else it would show a page of its own about an error
    takes_basic: bool  # the secret in a header, else in the form


@dataclass(frozen=True, slots=True)
class Asked:
    """What goes with an authorization request and must come back with its answer. `anew`: the person is to
    show who they are, though the provider knows them already."""

    redirect_uri: str
    state: str
    nonce: str
    code_challenge: str
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What the exchange of a code needs."""

    code: str
    code_verifier: str
    redirect_uri: str
    nonce: str


class Provider:
    """Talks to one provider; `settings` are the operator's."""

    def __init__(self, settings: OidcProvider) -> None:
        self.settings = settings
        self._asking = asyncio.Lock()
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def address(self, asked: Asked) -> str:
        """Where the person goes to say who they are. Raises SignInFaultError."""
        metadata = await self.metadata()
        endpoint = metadata.authorization_endpoint
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": asked.redirect_uri,
            "scope": " ".join(self.settings.scopes),
            "state": asked.state,
            "nonce": asked.nonce,
            "code_challenge": asked.code_challenge,
            "code_challenge_method": "S256",
        }
        if asked.anew:  # who is asked for an age must tell `auth_time` (OpenID Connect Core 1.0, section 2)
            query["max_age"] = str(int(LASTS.total_seconds()))
            query |= {"prompt": "login"} if metadata.takes_login else {}
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def check_issuer(self, named: str | None) -> None:
        """Refuses another provider's answer (mix-up, RFC 9207). Raises SignInFaultError."""
        metadata = await self.metadata()
        if (named is None and metadata.names_itself) or (named is not None and named != self.settings.issuer):
            raise SignInFaultError(Reason.INVALID_TOKEN, "the answer comes from another issuer")

    async def claims(self, answered: Answered, now: datetime) -> dict[str, Any]:
        """Exchanges the code and gives what holds of the person; what the ID token leaves out, userinfo says.

        Raises SignInFaultError.
        """
        tokens = await self._exchange(answered)
        expected = Expected(self.settings.issuer, self.settings.client_id, answered.nonce)
        claims = await self._read(tokens.get("id_token"), expected, now)
        wanted = {"email", self.settings.role_claim.partition(".")[0]} - {""}
        if not wanted <= claims.keys():
            claims = await self._with_userinfo(claims, tokens.get("access_token"))
        return claims

    async def metadata(self) -> Metadata:
        """The discovery document, asked for once an hour. Raises SignInFaultError."""
        async with self._asking:
            if self._metadata is None or time.monotonic() - self._metadata[0] > KEPT_S:
                found = await self._discover()
                self._metadata = (time.monotonic(), found)
            return self._metadata[1]

    async def _discover(self) -> Metadata:
        issuer = self.settings.issuer
        answer = await get_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        document = answer.body
        if answer.status != 200 or document.get("issuer") != issuer:
            raise _unavailable(f"{issuer} has no discovery document that names it")
        authorization, token, keys = (document.get(name) for name in _ENDPOINTS)
        userinfo = document.get("userinfo_endpoint")
        if not all(map(is_acceptable, (authorization, token, keys, userinfo or token))):
            raise _unavailable(f"{issuer} names addresses that cannot be used")
        methods = _listed(document, "token_endpoint_auth_methods_supported", ["client_secret_basic"])
        prompts = _listed(document, "prompt_values_supported", [] if issuer in _WITHOUT_LOGIN else ["login"])
        return Metadata(
            str(authorization),
            str(token),
            str(keys),
            userinfo_endpoint=userinfo,
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
            takes_login="login" in prompts,
            takes_basic="client_secret_basic" in methods,
        )

    async def _exchange(self, answered: Answered) -> dict[str, Any]:
        metadata = await self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": answered.code,
            "redirect_uri": answered.redirect_uri,
            "code_verifier": answered.code_verifier,
        }
        headers: dict[str, str] = {}
        secret = self.settings.client_secret.get_secret_value()
        if secret and metadata.takes_basic and self.settings.secret_in == "header":
            headers["Authorization"] = _basic(self.settings.client_id, secret)
        else:
            form |= {"client_id": self.settings.client_id} | ({"client_secret": secret} if secret else {})
        answer = await post_form(metadata.token_endpoint, form, headers)
        if answer.status != 200:
            said = str(answer.body.get("error", answer.status))[:64]
            raise SignInFaultError(Reason.PROVIDER_REFUSED, f"the token endpoint answers {said!r}")
        return answer.body

    async def _read(self, token: object, expected: Expected, now: datetime) -> dict[str, Any]:
        """Reads an ID token; asks for the keys once more when it was signed with one that is new."""
        try:
            return read_id_token(token, await self._read_keys(), expected, now)
        except UnknownKeyError:
            logger.info("The provider %s signs with a new key.", self.settings.name)
        try:
            return read_id_token(token, await self._read_keys(anew=True), expected, now)
        except UnknownKeyError as error:
            raise SignInFaultError(Reason.INVALID_TOKEN, "it is signed with an unknown key") from error

    async def _read_keys(self, *, anew: bool = False) -> "KeySet":
        uri = (await self.metadata()).jwks_uri
        async with self._asking:
            if anew or self._keys is None or time.monotonic() - self._keys[0] > KEPT_S:
                answer = await get_json(uri)
                self._keys = (time.monotonic(), read_keys(answer.body))
            return self._keys[1]

    async def _with_userinfo(self, claims: dict[str, Any], access_token: object) -> dict[str, Any]:
        endpoint = (await self.metadata()).userinfo_endpoint
        if endpoint is None or not isinstance(access_token, str) or not _is_token(access_token):
            return claims
        answer = await get_json(endpoint, {"Authorization": f"Bearer {access_token}"})
        if answer.status != 200:
            raise _unavailable(f"userinfo answers {answer.status}")
        if answer.body.get("sub") != claims["sub"]:  # OpenID Connect Core 1.0, section 5.3.2
            raise SignInFaultError(Reason.INVALID_TOKEN, "userinfo speaks of somebody else")
        if "email" not in claims:  # an address and whether it is verified are one statement
            claims = {name: value for name, value in claims.items() if name != "email_verified"}
        elif answer.body.get("email") != claims["email"]:
            answer.body.pop("email_verified", None)
        said = {name: value for name, value in answer.body.items() if name not in _OF_THE_SIGN_IN}
        return {**said, **claims}


def challenge_of(verifier: str) -> str:
    """S256 (RFC 7636, section 4.2)."""

    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _basic(client_id: str, secret: str) -> str:
    """RFC 6749, section 2.3.1: both form-encoded first."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _is_token(text: str) -> bool:
    """What may stand in a header (RFC 6750, section 2.1)."""
    return text.isascii() and text.isprintable() and " " not in text


def _listed(document: dict[str, Any], name: str, otherwise: list[str]) -> list[Any]:
    """What a discovery document lists under a name; what is no list counts as not said."""
    said = document.get(name)
    return said if isinstance(said, list) else otherwise


def _unavailable(detail: str) -> SignInFaultError:
    return SignInFaultError(Reason.PROVIDER_UNAVAILABLE, detail)
