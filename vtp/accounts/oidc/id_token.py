"""Checks an ID token: OpenID Connect Core 1.0, section 3.1.3.7; algorithms by our list (RFC 8725, 3.1)."""

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vtp.accounts.oidc.faults import Reason, SignInFaultError

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

logger = logging.getLogger(__name__)
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
LEEWAY_S = 60  # between the provider's clock and ours
_AGREEING = ("X25519", "X448")  # curves on which keys are agreed upon, and nothing is signed
MAX_CHARACTERS = 65_536
MAX_HEADER_CHARACTERS = 4096  # some bring their certificate along
MAX_SUBJECT_CHARACTERS = 255  # OpenID Connect Core 1.0, section 2


class UnknownKeyError(Exception):
    """The token names a key that the key set does not have: the set may have been renewed."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say."""

    issuer: str
    client_id: str
    nonce: str


def read_keys(document: Mapping[str, Any]) -> "KeySet":
    """The keys of a provider's `jwks_uri`, without those that cannot be used here: of other uses and curves,
    or broken (RFC 7517, section 5). Raises SignInFaultError when there is none left."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from joserfc.errors import JoseError
    from joserfc.jwk import JWKRegistry, KeySet

    listed = document.get("keys")
    usable = []
    for key in filter(_verifies, listed if isinstance(listed, list) else []):
        try:
            usable.append(JWKRegistry.import_key(key))
        except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError) as error:
            logger.info("A key of a provider cannot be used: %s", repr(error)[:200])
    if not usable:
        raise SignInFaultError(Reason.PROVIDER_UNAVAILABLE, "its key set has no key that can be used")
    return KeySet(usable)


def read_id_token(token: object, keys: "KeySet", expected: Expected, now: datetime) -> dict[str, Any]:
    """Gives the claims of a token that holds.

    Raises UnknownKeyError, and SignInFaultError for every other token that does not hold.
    """
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError, JoseError, SecurityWarning
    from joserfc.jws import JWSRegistry

    if not isinstance(token, str) or len(token) > MAX_CHARACTERS:
        raise _invalid("there is no ID token")
    registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
    registry.max_header_length = MAX_HEADER_CHARACTERS
    try:
        with warnings.catch_warnings():  # "EdDSA" is fine; it is the name that RFC 9864 finds too wide
            warnings.simplefilter("ignore", SecurityWarning)
            claims = jwt.decode(token, keys, registry=registry).claims
        _claims_registry(expected, now).validate(claims)
    except InvalidKeyIdError as error:
        raise UnknownKeyError from error
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _invalid(f"{type(error).__name__}: {error}"[:200]) from error
    _check_audience(claims, expected.client_id)
    if not 0 < len(claims["sub"]) <= MAX_SUBJECT_CHARACTERS or not claims["sub"].isprintable():
        raise _invalid("its subject is no name")
    return claims


def _claims_registry(expected: Expected, now: datetime) -> Any:
    from joserfc.jwt import JWTClaimsRegistry

    return JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": expected.nonce},
    )


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    """A token for several must say that it was made for us (`azp`), and one that says so must name us."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != client_id:
        raise _invalid("it was made for another client")


def _verifies(key: object) -> bool:
    """A public key for signatures; a symmetric one in a public document is nobody's secret."""
    if not isinstance(key, dict) or key.get("use", "sig") != "sig":
        return False
    return key.get("kty") in ("RSA", "EC", "OKP") and key.get("crv") not in _AGREEING


def _invalid(detail: str) -> SignInFaultError:
    return SignInFaultError(Reason.INVALID_TOKEN, detail)
