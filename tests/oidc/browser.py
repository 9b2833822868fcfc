"""A browser that signs in by a provider: keeps the cookies that this server sets, and follows nothing."""

from __future__ import annotations

from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

from multidict import CIMultiDictProxy

from tests.serving import Answer, Api, Person

PUBLIC_URL = "https://school.example"
AT = "/api/v1/auth/oidc/school"
REDIRECT_URI = f"{PUBLIC_URL}{AT}/callback"


class Browser:
    """One browser's cookies at one server, reached by plain HTTP as on localhost."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.cookies: dict[str, str] = {}

    async def call(self, method: str, path: str, body: object = None, *, by: Person | None = None) -> Answer:
        """A call with the cookies so far."""
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if not self.cookies:
            sent = {}
        sent["Sec-Fetch-Site"] = "same-origin"
        answer = await self._api.call(method, path, body, by=by, headers=sent)
        assert isinstance(answer.headers, CIMultiDictProxy)
        for header in answer.headers.getall("Set-Cookie", []):
            for name, morsel in SimpleCookie(header).items():
                self.cookies[name] = morsel.value
        return answer

    async def start(self, return_to: str = "/rooms/physics", *, anew: bool = False) -> str:
        """Presses the button; gives where that leads."""
        answer = await self.call("GET", f"{AT}/start?return_to={return_to}{'&anew=true' * anew}")
        assert answer.status == 302, answer
        return answer.headers["Location"]

    async def come_back(self, location: str) -> str:
        """Returns from the provider; gives where that leads."""
        parts = urlsplit(location)
        answer = await self.call("GET", f"{parts.path}?{parts.query}")
        assert answer.status == 302, answer
        return answer.headers["Location"]

    async def person(self) -> Answer:
        """Who is signed in in this browser, by its refresh cookie."""
        renewed = await self.call("POST", "/api/v1/auth/refresh", {})
        if renewed.status != 200:
            return renewed
        return await self._api.call("GET", "/api/v1/auth/profile", by=renewed.body["access_token"])


def error_in(location: str) -> str:
    """The code that a page is told."""
    parts = urlsplit(location)
    assert parts.path == "/sign-in" and not parts.netloc, location
    return parse_qs(parts.query)["error"][0]
