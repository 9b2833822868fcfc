"""What a provider, or somebody between it and us, may say that is not to be believed."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from joserfc.jwk import RSAKey
from sqlalchemy import select, update

from tests.oidc.browser import PUBLIC_URL, Browser, error_in
from tests.oidc.hostile_provider import HostileProvider, hostile_provider
from tests.serving import Api, serving
from vtp.accounts.audit_counts import EACH
from vtp.accounts.tables import external_identities, users
from vtp.settings import OidcProvider, OidcSettings


@pytest.fixture
async def provider() -> AsyncIterator[HostileProvider]:
    async with hostile_provider() as running:
        yield running


@asynccontextmanager
async def school_by(provider: HostileProvider, folder: Path, **more: object) -> AsyncIterator[Api]:
    wish = {"name": "school", "issuer": provider.issuer, "client_id": "vtp", "create_accounts": True, **more}
    oidc = OidcSettings(providers=[OidcProvider.model_validate(wish)])
    async with serving(folder / "data", oidc=oidc, public_url=PUBLIC_URL) as running:
        yield running


@pytest.fixture
async def api(provider: HostileProvider, tmp_path: Path) -> AsyncIterator[Api]:
    async with school_by(provider, tmp_path) as running:
        yield running


async def sign_in(api: Api, provider: HostileProvider, *, anew: bool = False) -> str:
    """Where a sign-in ends up; nobody is signed in unless it is where they wished to go."""
    browser = Browser(api)
    page = await browser.come_back(provider.authorize(await browser.start(anew=anew)))
    assert ((await browser.person()).status == 200) == (page == "/rooms/physics")
    return page


async def test_honest_tokens_of_every_algorithm_sign_in(api: Api, provider: HostileProvider) -> None:
    for algorithm in ("RS256", "PS256", "ES256", "EdDSA", "Ed25519"):
        name = {"PS256": "RS256", "EdDSA": "Ed25519"}.get(algorithm, algorithm)
        provider.signer = provider.keys[name]
        provider.header = {"alg": algorithm, "kid": provider.signer.kid}
        assert (algorithm, await sign_in(api, provider)) == (algorithm, "/rooms/physics")
    assert "userinfo" not in provider.asked


def _text(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _set(**more: Any) -> Callable[[dict[str, Any]], None]:
    return lambda claims: claims.update(more)


def _drop(name: str) -> Callable[[dict[str, Any]], None]:
    def change(claims: dict[str, Any]) -> None:
        del claims[name]

    return change


TAMPERED = {
    "nonce of another sign-in": _set(nonce="x" * 43),
    "no nonce": _drop("nonce"),
    "another issuer": _set(iss="https://evil.example"),
    "another audience": _set(aud="another"),
    "several audiences and no azp": _set(aud=["vtp", "another"]),
    "made for another": _set(azp="another"),
    "audiences without us": _set(aud=["another", "third"], azp="vtp"),
    "expired": _set(exp=int(time.time()) - 61),
    "no end": _drop("exp"),
    "made tomorrow": _set(iat=int(time.time()) + 86_400),
    "no time": _drop("iat"),
    "no subject": _drop("sub"),
    "empty subject": _set(sub=""),
    "subject that is no text": _set(sub=7),
    "subject without end": _set(sub="x" * 256),
    "subject with a NUL": _set(sub="ada\0"),
    "an end that never comes": _set(exp=float("inf")),
}


async def test_a_token_that_says_something_wrong_is_refused(api: Api, provider: HostileProvider) -> None:
    for what, change in TAMPERED.items():
        provider.change = change
        assert (what, error_in(await sign_in(api, provider))) == (what, "invalid_token")


async def test_a_token_for_us_among_others_is_taken(api: Api, provider: HostileProvider) -> None:
    provider.change = _set(aud=["vtp", "another"], azp="vtp")
    assert await sign_in(api, provider) == "/rooms/physics"


async def test_an_unsigned_token_is_refused(api: Api, provider: HostileProvider) -> None:
    provider.make_token = provider.unsigned
    assert error_in(await sign_in(api, provider)) == "invalid_token"


async def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(
    api: Api, provider: HostileProvider
) -> None:
    provider.make_token = provider.signed_with_public_key
    assert error_in(await sign_in(api, provider)) == "invalid_token"


async def test_a_token_signed_with_somebody_elses_key_is_refused(api: Api, provider: HostileProvider) -> None:
    provider.signer = RSAKey.generate_key(2048, {"kid": "rsa"})
    assert error_in(await sign_in(api, provider)) == "invalid_token"


async def test_a_token_changed_after_signing_is_refused(api: Api, provider: HostileProvider) -> None:
    def tamper(claims: dict[str, Any]) -> str:
        head, _, signature = provider.sign(claims).split(".")
        other = provider.sign({**claims, "sub": "the headmistress"}).split(".")[1]
        return f"{head}.{other}.{signature}"

    provider.make_token = tamper
    assert error_in(await sign_in(api, provider)) == "invalid_token"


async def test_a_new_key_is_asked_for_once(api: Api, provider: HostileProvider) -> None:
    assert await sign_in(api, provider) == "/rooms/physics"
    assert (provider.asked["jwks"], provider.asked["discovery"]) == (1, 1)
    provider.signer = provider.keys["RS256"] = RSAKey.generate_key(2048, {"kid": "next year's"})
    provider.header = {"alg": "RS256", "kid": "next year's"}
    assert await sign_in(api, provider) == "/rooms/physics"
    assert provider.asked["jwks"] == 2
    provider.header = {"alg": "RS256", "kid": "nobody's"}
    assert error_in(await sign_in(api, provider)) == "invalid_token"
    assert (provider.asked["jwks"], provider.asked["discovery"]) == (3, 1)


UNUSABLE: list[object] = [
    {"kty": "EC", "crv": "BP-256", "x": "AA", "y": "AA", "kid": "a curve that is not known here"},
    {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "a point that is not on it"},
    {"kty": "OKP", "crv": "Ed448", "x": "AA", "kid": "too short"},
    {"kty": "OKP", "crv": "X25519", "x": "A" * 43, "kid": "for no signatures"},
    {"kty": "OKP", "crv": ["Ed25519"], "x": "AA"},
    {"kty": "RSA", "kid": "without a number"},
    {"kty": "RSA", "n": "AA", "e": "AQAB", "kid": "rsa"},
    {"kty": "RSA", "n": "", "e": ""},
    {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA", "kid": "of a kind that is not known here"},
    {"kty": ["RSA"]},
    {},
    "no key",
    None,
]


async def test_keys_that_cannot_be_used_do_not_close_a_provider(api: Api, provider: HostileProvider) -> None:
    provider.more_keys = UNUSABLE
    assert await sign_in(api, provider) == "/rooms/physics"
    for key in UNUSABLE:
        if isinstance(key, dict) and key.get("kid", "rsa") != "rsa":
            provider.header = {"alg": "RS256", "kid": key["kid"]}
            assert (key, error_in(await sign_in(api, provider))) == (key, "invalid_token")
    token = _text({"alg": "EdDSA", "kid": "for no signatures"}) + "." + _text({}) + "." + "A" * 86
    provider.make_token = lambda claims: token
    assert error_in(await sign_in(api, provider)) == "invalid_token"


@pytest.mark.parametrize("keys", [[], UNUSABLE])
async def test_a_provider_with_no_key_that_can_be_used_is_told_as_such(
    api: Api, provider: HostileProvider, keys: list[object]
) -> None:
    provider.keys, provider.more_keys = {}, keys
    assert error_in(await sign_in(api, provider)) == "provider_unavailable"


async def test_userinfo_of_somebody_else_is_refused(api: Api, provider: HostileProvider) -> None:
    provider.change = _drop("email")
    provider.userinfo = {"sub": "ada", "email": "ada@school.example", "email_verified": True}
    assert error_in(await sign_in(api, provider)) == "invalid_token"
    provider.userinfo = {"sub": "mallory", "email": "ada@school.example", "email_verified": "true"}
    assert error_in(await sign_in(api, provider)) == "email_not_verified"


async def test_an_address_that_is_none_makes_no_account(api: Api, provider: HostileProvider) -> None:
    for email in ("no address", 7, ["ada@school.example"], "a@b@c.example", "x" * 300 + "@a.b"):
        provider.change = _set(email=email)
        assert (email, error_in(await sign_in(api, provider))) == (email, "no_email")


async def test_a_name_that_cannot_be_shown_becomes_the_address(api: Api, provider: HostileProvider) -> None:
    for number, name in enumerate(("", "  ", "line\nbreak", "\u202edrawkcab", 7, None, "n" * 500)):
        provider.change = _set(name=name, sub=f"{number}", email=f"mallory-{number}@school.example")
        browser = Browser(api)
        await browser.come_back(provider.authorize(await browser.start()))
        assert (name, (await browser.person()).body["full_name"]) == (name, f"mallory-{number}")


def _redirect() -> web.Response:
    return web.Response(status=302, headers={"Location": "https://evil.example/token"})


def _huge() -> web.Response:
    return web.json_response({"id_token": "x" * 300_000})


ANSWERS: dict[str, tuple[Callable[[], web.Response], str]] = {
    "an error": (lambda: web.json_response({"error": "invalid_grant"}, status=400), "provider_refused"),
    "no JSON": (lambda: web.Response(text="<html>"), "provider_unavailable"),
    "a list": (lambda: web.json_response([]), "provider_unavailable"),
    "nothing of use": (lambda: web.json_response({}), "invalid_token"),
    "a token that is none": (lambda: web.json_response({"id_token": "a.b.c"}), "invalid_token"),
    "a token that is a number": (lambda: web.json_response({"id_token": 7}), "invalid_token"),
    "a redirect": (_redirect, "provider_unavailable"),
    "too much": (_huge, "provider_unavailable"),
}


async def test_an_odd_answer_of_the_token_endpoint_signs_nobody_in(
    api: Api, provider: HostileProvider
) -> None:
    for what, (answer, reason) in ANSWERS.items():
        provider.token_answer = answer
        assert (what, error_in(await sign_in(api, provider))) == (what, reason)


ASTRAY: list[dict[str, Any]] = [
    {"issuer": "https://evil.example"},
    {"token_endpoint": "http://evil.example/token"},
    {"jwks_uri": "file:///etc/passwd"},
    {"authorization_endpoint": "javascript:alert(1)"},
    {"token_endpoint": None},
    {"userinfo_endpoint": "http://10.0.0.1/"},
]


async def test_a_discovery_document_that_leads_astray_is_refused(api: Api, provider: HostileProvider) -> None:
    for more in ASTRAY:
        provider.metadata_more = more
        assert (more, error_in(await Browser(api).start())) == (more, "provider_unavailable")
    provider.metadata_more = {}
    assert await sign_in(api, provider) == "/rooms/physics"


IN_HEADER = "Basic " + base64.b64encode(b"vtp:a+secret%3A+%2B").decode()  # RFC 6749, section 2.3.1
POST_ONLY = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
SECRETS: list[tuple[dict[str, Any], dict[str, Any], tuple[str | None, str | None]]] = [
    ({}, {}, (IN_HEADER, None)),
    ({"secret_in": "form"}, {}, (None, "a secret: +")),
    ({}, POST_ONLY, (None, "a secret: +")),
]


async def test_the_secret_goes_where_the_provider_takes_it(provider: HostileProvider, tmp_path: Path) -> None:
    for number, (more, metadata, shown) in enumerate(SECRETS):
        provider.metadata_more = metadata
        folder = tmp_path / str(number)
        async with school_by(provider, folder, client_secret="a secret: +", **more) as api:
            assert await sign_in(api, provider) == "/rooms/physics"
        assert provider.secrets[-1] == shown


async def test_an_address_is_not_verified_by_what_userinfo_says_of_another_one(
    provider: HostileProvider, tmp_path: Path
) -> None:
    provider.change = _drop("email_verified")
    provider.userinfo = {"sub": "mallory", "email": "other@elsewhere.example", "email_verified": True}
    async with school_by(provider, tmp_path, role_claim="roles", role_map={"x": "student"}) as api:
        assert error_in(await sign_in(api, provider)) == "email_not_verified"
        provider.userinfo["email"] = "mallory@school.example"
        assert await sign_in(api, provider) == "/rooms/physics"


async def test_no_way_in_is_added_to_an_account_without_its_second_factor(
    api: Api, provider: HostileProvider
) -> None:
    person, now = await api.person("teacher", "mallory@school.example"), datetime.now(UTC)
    async with api.server.services.database.transaction() as tx:
        have = {"email_verified_at": now, "totp_enabled_at": now}
        await tx.execute(update(users).where(users.c.id == person.user_id).values(**have))
    assert error_in(await sign_in(api, provider)) == "account_exists"
    async with api.server.services.database.read() as tx:
        assert (await tx.execute(select(external_identities))).all() == []


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("methods", [["pwd", "mfa"], "mfa", ["pwd", "otp"], None])
async def test_a_provider_that_says_mfa_is_believed_only_where_the_operator_says_so(
    provider: HostileProvider, tmp_path: Path, trust: bool, methods: object
) -> None:
    provider.change = _set(amr=methods)
    async with school_by(provider, tmp_path, trust_mfa=trust) as api:
        assert await sign_in(api, provider) == "/rooms/physics"
        async with api.server.services.database.transaction() as tx:
            await tx.execute(update(users).values(totp_enabled_at=datetime.now(UTC)))
        believed = trust and methods == ["pwd", "mfa"]
        page = await sign_in(api, provider)
        assert page == "/rooms/physics" if believed else page.startswith("/sign-in?second_factor="), page


async def test_what_userinfo_says_of_the_sign_in_counts_for_nothing(
    provider: HostileProvider, tmp_path: Path
) -> None:
    """It tells of the person, and may tell what they wrote themselves."""
    provider.change = _drop("email")
    address = "mallory@school.example"
    provider.userinfo = {"sub": "mallory", "email": address, "email_verified": True, "amr": ["mfa"]}
    async with school_by(provider, tmp_path, trust_mfa=True) as api:
        assert await sign_in(api, provider) == "/rooms/physics"
        async with api.server.services.database.transaction() as tx:
            await tx.execute(update(users).values(totp_enabled_at=datetime.now(UTC)))
        assert (await sign_in(api, provider)).startswith("/sign-in?second_factor=")


async def test_a_state_that_nobody_began_waits_for_no_writer(api: Api) -> None:
    browser, database = Browser(api), api.server.services.database
    callback = "/api/v1/auth/oidc/school/callback?state=unknown&code=x"
    for _ in range(EACH):  # more are not noted
        assert error_in(await browser.come_back(callback)) == "flow_expired"
    async with database.transaction() as tx:
        await tx.execute(update(users).values(updated_at=datetime.now(UTC)))
        async with asyncio.timeout(5):
            assert error_in(await browser.come_back(callback)) == "flow_expired"
