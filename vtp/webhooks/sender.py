"""One try: a signed POST, and what came of it. Redirects are not followed, answers are read to 1 kB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import aiohttp

from vtp import __version__
from vtp.webhooks.addresses import check_url, socket_maker
from vtp.webhooks.signing import signed_headers
from vtp.webhooks.store import Delivery, Webhook

ANSWER_BYTES = 1024
GONE = 410


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a receiver said: `status` is None when it said nothing, `answer` then says why."""

    status: int | None
    answer: str

    @property
    def delivered(self) -> bool:
        """2xx ends a delivery."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """410: the receiver wants no more of this."""
        return self.status == GONE


class Sender:
    """To be made within a running event loop, and closed."""

    def __init__(self, *, timeout_s: float, allow_private: bool, allowed_hosts: Sequence[str] = ()) -> None:
        self._allow_private = allow_private
        self._allowed_hosts = allowed_hosts
        self._timeout_s = timeout_s
        connector = aiohttp.TCPConnector(limit=0, socket_factory=socket_maker(allow_private=allow_private))
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # nobody makes this server unpack anything
            headers={"User-Agent": f"vtp/{__version__}", "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Ends its connections."""
        await self._session.close()

    async def send(self, hook: Webhook, delivery: Delivery, now: datetime) -> Outcome:
        """Tries once."""
        body = delivery.body.encode()
        headers = signed_headers(hook.secrets_at(now), delivery.event_id, int(now.timestamp()), body)
        headers["Content-Type"] = "application/json"
        try:
            # Checked anew, for the settings may have changed.
            url = check_url(hook.url, allow_private=self._allow_private, allowed_hosts=self._allowed_hosts)
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                return Outcome(response.status, await _beginning(response))
        except TimeoutError:
            return Outcome(None, f"There was no answer within {self._timeout_s:g} s.")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Outcome(None, f"It could not be sent: {error}"[:ANSWER_BYTES])


async def _beginning(response: aiohttp.ClientResponse) -> str:
    """The first of an answer's body; the status is what counts, also when the body never ends."""
    data = b""
    try:
        while len(data) < ANSWER_BYTES:
            more = await response.content.read(ANSWER_BYTES - len(data))
            if not more:
                break
            data += more
    except (TimeoutError, aiohttp.ClientError):
        pass
    text = data.decode("utf-8", "replace")
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
