"""Sends statements to a learning record store (xAPI 1.0.3, part three: 2.1.2 POST Statements)."""

from __future__ import annotations

import enum
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from vtp import __version__
from vtp.settings import AnalyticsSettings

XAPI: Final = "1.0.3"
TIMEOUT_S: Final = 30.0
ANSWER_BYTES: Final = 2048
LONGEST_WAIT_S: Final = 3600.0


class Verdict(enum.Enum):
    """What a store said of statements."""

    TAKEN = "taken"
    CONFLICT = "conflict"
    """One of them is there with another content, and none of these was taken."""
    REFUSED = "refused"
    """One of them is not as the store wants statements, or they are too many at once."""
    LATER = "later"
    """The store is away, busy, or does not know us: nothing is said of the statements."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`wait_s`: for how long the store asks not to be asked; `words`: what it said, for the log."""

    verdict: Verdict
    words: str = ""
    wait_s: float = 0.0


class LrsClient:
    """To be made within a running event loop, and closed."""

    def __init__(self, settings: AnalyticsSettings) -> None:
        self._url = settings.lrs_url.rstrip("/") + "/statements"
        headers = {"User-Agent": f"vtp/{__version__}", "X-Experience-API-Version": XAPI}
        if settings.lrs_username:
            password = settings.lrs_password.get_secret_value()
            headers["Authorization"] = aiohttp.encode_basic_auth(settings.lrs_username, password, "utf-8")
        context = ssl.create_default_context(cafile=settings.lrs_ca_file or None)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1, ssl=context),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
        )

    async def close(self) -> None:
        """Ends its connections."""
        await self._session.close()

    async def send(self, statements: Sequence[dict[str, Any]]) -> Answer:
        """Sends these in one call."""
        try:
            async with self._session.post(
                self._url, json=list(statements), allow_redirects=False
            ) as response:
                words = (await response.content.read(ANSWER_BYTES)).decode("utf-8", "replace")
                return _answer(response, f"{response.status}: {words}")
        except TimeoutError:
            return Answer(Verdict.LATER, f"there was no answer within {TIMEOUT_S:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return Answer(Verdict.LATER, f"it could not be reached: {error}")


def _answer(response: aiohttp.ClientResponse, words: str) -> Answer:
    status = response.status
    if 200 <= status < 300:
        return Answer(Verdict.TAKEN)
    if status == 409:
        return Answer(Verdict.CONFLICT, words)
    if status in (400, 413, 422):
        return Answer(Verdict.REFUSED, words)
    after = response.headers.get("Retry-After", "")
    return Answer(Verdict.LATER, words, min(float(after), LONGEST_WAIT_S) if after.isdecimal() else 0.0)
