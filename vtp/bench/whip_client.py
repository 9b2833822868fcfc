"""WHIP (RFC 9725) and WHEP over HTTP from the client's side, and one connected session of either."""

import json
import secrets
import ssl
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urljoin

import aiohttp

from vtp.bench.client_sdp import (
    Answer,
    IceCredentials,
    OfferedMedia,
    attributes,
    parse_answer,
    write_offer,
)
from vtp.bench.driver import ClientDriver, ConnectError, Remote

HTTP_TIMEOUT_S = 15.0


class RefusedError(Exception):
    """The server did not take the offer, or could not be asked; the text is a sentence for the caller."""


class WhipHttp:
    """The HTTP half: an offer goes up, an answer and a session resource come back."""

    def __init__(self, http: aiohttp.ClientSession, token: str = "", *, insecure: bool = False) -> None:
        """`insecure` takes any TLS certificate, for servers that made their own."""
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._ssl: ssl.SSLContext | bool = not insecure

    async def post(self, url: str, offer: str) -> tuple[str, str]:
        """The answer and the URL of the session. Raises RefusedError."""
        headers = {**self._headers, "Content-Type": "application/sdp", "Accept": "application/sdp"}
        try:
            async with self._http.post(url, data=offer, headers=headers, ssl=self._ssl) as response:
                text = await response.text()
                if response.status != 201:
                    raise RefusedError(f"The server answered {response.status}: {_reason(response, text)}")
                return text, urljoin(str(response.url), response.headers.get("Location", ""))
        except aiohttp.InvalidURL as error:
            raise RefusedError(
                f"{url} is not a URL: give http://HOST:PORT/whip/ROOM or /whep/ROOM."
            ) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise RefusedError(f"No answer from {url}: {str(error) or 'it took too long'}.") from error

    async def restart_ice(self, resource: str, ice: IceCredentials) -> IceCredentials:
        """Tells our new credentials by PATCH (RFC 9725 section 4.3.3); the server's. Raises RefusedError."""
        fragment = f"a=ice-ufrag:{ice.ufrag}\r\na=ice-pwd:{ice.password}\r\n"
        headers = {**self._headers, "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"}
        try:
            async with self._http.patch(resource, data=fragment, headers=headers, ssl=self._ssl) as response:
                text = await response.text()
                if response.status != 200:
                    raise RefusedError(f"The server answered {response.status}: {_reason(response, text)}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise RefusedError(f"No answer from {resource}: {str(error) or 'it took too long'}.") from error
        lines = text.splitlines()
        ufrag, password = (next(iter(attributes(lines, name)), "") for name in ("ice-ufrag", "ice-pwd"))
        if not ufrag or not password:
            raise RefusedError("The server's answer to the ICE restart has no credentials in it.")
        return IceCredentials(ufrag, password)

    async def delete(self, resource: str) -> None:
        """Ends a session; a server that is gone needs no telling."""
        try:
            async with self._http.delete(resource, headers=self._headers, ssl=self._ssl):
                return
        except (aiohttp.ClientError, TimeoutError):
            return


def _reason(response: aiohttp.ClientResponse, text: str) -> str:
    """The sentence of a problem document (RFC 9457), else what the status line says."""
    if "json" in response.content_type:
        problem = _json(text)
        return str(problem.get("detail") or problem.get("title") or response.reason)
    return text.strip()[:200] or str(response.reason)


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class MediaClient:
    """One WHIP or WHEP session: offered, answered, connected, and ended with DELETE."""

    def __init__(self, driver: ClientDriver, http: WhipHttp, url: str) -> None:
        self._driver = driver
        self._http = http
        self._url = url
        self._resource = ""
        self.client = -1
        self.answer: Answer | None = None

    async def open(
        self,
        media: Sequence[OfferedMedia],
        *,
        add_streams: Callable[["MediaClient", Answer], None],
        on_event: Callable[[int, Any], None] | None = None,
    ) -> None:
        """Offers `media`; `add_streams` puts what was answered into the engine.

        Raises RefusedError, ConnectError.
        """
        ice = IceCredentials(secrets.token_hex(4), secrets.token_hex(16))
        cname = f"vtp-{secrets.token_hex(6)}"
        offer = write_offer(media, ice, self._driver.identity.fingerprint, cname)
        text, self._resource = await self._http.post(self._url, offer)
        try:
            self.answer = parse_answer(text)
            candidates = self._driver.reroute(self.answer.candidates)
            remote = Remote(candidates, self.answer.ice, self.answer.fingerprints, self.answer.role)
            self.client = self._driver.add_client(remote, ice, cname=cname, on_event=on_event)
            add_streams(self, self.answer)
            await self._driver.connect(self.client, remote)
        except (ValueError, OSError) as error:
            await self.close()
            raise RefusedError(f"The server's answer cannot be used: {error}") from error
        except ConnectError:
            await self.close()
            raise

    async def restart_ice(self) -> None:
        """New credentials on both sides, keys and streams stay. Raises RefusedError, ConnectError."""
        ice = IceCredentials(secrets.token_hex(4), secrets.token_hex(16))
        await self._driver.restart_ice(self.client, ice, await self._http.restart_ice(self._resource, ice))

    def stats(self) -> dict[str, Any]:
        """The engine's figures of this client; empty before it was made."""
        return self._driver.engine.stats(self.client) if self.client >= 0 else {}

    async def close(self) -> None:
        """DELETEs the session and closes the client."""
        if self._resource:
            await self._http.delete(self._resource)
            self._resource = ""
        if self.client >= 0:
            self._driver.remove_client(self.client)
            self.client = -1
