"""Signing in by a provider as OWASP ASVS 5.0 wants it: when asked to, and without handing its tokens on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oidc.browser import AT, PUBLIC_URL, REDIRECT_URI, Browser
from tests.oidc.real_provider import CLIENT_SECRET, go_through, real_provider
from tests.serving import Answer, serving
from vtp.settings import OidcProvider, OidcSettings


@pytest.fixture(scope="module")
def settings() -> Iterator[OidcSettings]:
    with real_provider(REDIRECT_URI) as issuer:
        wish = {"name": "school", "issuer": issuer, "client_id": "vtp", "create_accounts": True}
        yield OidcSettings(providers=[OidcProvider.model_validate(wish | {"client_secret": CLIENT_SECRET})])


async def test_no_foreign_page_begins_a_sign_in(settings: OidcSettings, tmp_path: Path) -> None:
    async with serving(tmp_path / "data", oidc=settings, public_url=PUBLIC_URL) as api:
        for site, place in (("cross-site", "/sign-in"), ("same-origin", "http"), ("none", "http")):
            answer = await api.call("GET", f"{AT}/start", headers={"Sec-Fetch-Site": site})
            assert answer.status == 302 and answer.headers["Location"].startswith(place), site
            assert ("Set-Cookie" in answer.headers) == (site != "cross-site")


class Watched(Browser):
    """Keeps every answer that it gets."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.answers: list[Answer] = []

    async def call(self, *arguments: object, **more: object) -> Answer:
        answer = await super().call(*arguments, **more)  # type: ignore[arg-type]
        self.answers.append(answer)
        return answer


async def test_what_the_provider_gives_stays_on_the_server(settings: OidcSettings, tmp_path: Path) -> None:
    """Its tokens are used once, and neither sent to the browser nor stored."""
    async with serving(tmp_path / "data", oidc=settings, public_url=PUBLIC_URL) as api:
        browser = Watched(api)
        await browser.come_back(await go_through(await browser.start(), "ada"))
        assert (await browser.person()).status == 200
        started, returned, renewed = browser.answers
        for answer in (started, returned):
            shown = f"{answer.body}{dict(answer.headers)}"
            assert "eyJ" not in shown and "id_token" not in shown and "access_token" not in shown
        assert returned.headers["Location"] == "/rooms/physics"
        tokens = {
            "access_token",
            "refresh_token",
            "expires_in",
            "session_ends_in",
            "session_lasts",
            "token_type",
        }
        assert set(renewed.body) == tokens
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or b"eyJ" not in path.read_bytes(), path
