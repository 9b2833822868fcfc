"""Asks a provider: JSON over HTTPS, bounded in time and size, and no redirect followed.

Plain HTTP goes to this machine only, for a provider that is being tried out.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from vtp.accounts.oidc.faults import Reason, SignInFaultError
from vtp.http.client import is_loopback_host

TIMEOUT_S = 10.0
MAX_BYTES = 262_144  # key sets are the largest answers: some kilobytes


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """A provider's answer: its status, and the object in it."""

    status: int
    body: dict[str, Any]


async def get_json(url: str, headers: Mapping[str, str] | None = None) -> JsonAnswer:
    """Reads a document. Raises SignInFaultError when it is not to be had."""
    return await _ask("GET", url, headers or {}, None)


async def post_form(url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> JsonAnswer:
    """Sends a form, and reads the answer. Raises SignInFaultError when there is none."""
    return await _ask("POST", url, headers, form)


def is_acceptable(url: object) -> bool:
    """Tells whether a provider's address may be used: HTTPS, or HTTP to this machine."""
    if not isinstance(url, str) or not url.isascii():
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback_host(host))


async def _ask(
    method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
) -> JsonAnswer:
    if not is_acceptable(url):
        raise _unavailable(f"{url!r} is no address to send a secret to")
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    sent = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
    try:
        async with (
            aiohttp.ClientSession(
                timeout=timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # nobody makes this server unpack anything
            ) as session,
            session.request(method, url, headers=sent, data=form, allow_redirects=False) as response,
        ):
            return JsonAnswer(response.status, _object(await _read(response), url))
    except (aiohttp.ClientError, TimeoutError, OSError, asyncio.IncompleteReadError) as error:
        raise _unavailable(f"{url} does not answer ({type(error).__name__})") from error


async def _read(response: aiohttp.ClientResponse) -> bytes:
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MAX_BYTES:
            raise _unavailable(f"{response.url.host} answers with more than {MAX_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _object(text: bytes, url: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise _unavailable(f"{url} does not answer with a JSON object")
    return parsed


def _unavailable(detail: str) -> SignInFaultError:
    return SignInFaultError(Reason.PROVIDER_UNAVAILABLE, detail)
