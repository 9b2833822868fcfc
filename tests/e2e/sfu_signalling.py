"""A signalling server of somebody else's: it speaks to its pages as it likes, and to vtp only by `/sfu`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

import aiohttp

Json = dict[str, Any]
CALL_S = 10


class SfuError(Exception):
    """`/sfu` answered with a problem; its sentence."""


class SignallingServer:
    """Runs in a thread of its own, with aiohttp as its only way to the server."""

    def __init__(self, base: str, token: str, room: str, *, token_in_path: bool) -> None:
        prefix = f"/sfu/t/{token}" if token_in_path else "/sfu"
        self._url = f"{base}{prefix}/rooms/{room}"
        self._headers = {} if token_in_path else {"Authorization": f"Bearer {token}"}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="signalling server")

    def __enter__(self) -> Self:
        self._thread.start()
        self._session = self._wait(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait(self._session.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(headers=self._headers)

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_S)

    def post(self, path: str, body: Json | None = None) -> Any:
        """One call of `/sfu` below the room."""
        return self._wait(self._call("POST", path, body))

    def get(self, path: str) -> Any:
        """The same for reading."""
        return self._wait(self._call("GET", path, None))

    async def _call(self, method: str, path: str, body: Json | None) -> Any:
        async with self._session.request(method, self._url + path, json=body) as answer:
            told = await answer.json()
            if answer.status != 200:
                raise SfuError(f"{method} {path}: {answer.status} {told['detail']}")
            return told

    def signal_of(self, peer: str) -> Callable[[str, Json], Any]:
        """What one page calls: an event of the page's own protocol, turned into a call of `/sfu`."""

        def signal(event: str, payload: Json) -> Any:
            if event == "join-room":
                joined = self.post("/peers", {"peerId": peer, "fullName": peer, "role": "teacher"})
                return {"mediasoup": joined}
            if event == "leave-room":
                return self.post(f"/peers/{peer}/leave")
            if event in _MADE:
                return self.post(f"/{_MADE[event]}", {**payload, "peerId": peer})
            kind, verb = _DONE[event]
            return self.post(f"/{kind}s/{payload[f'{kind}Id']}/{verb}", payload)

        return signal


_MADE = {"create-transport": "transports", "produce": "producers", "consume": "consumers"}
_DONE = {
    "connect-transport": ("transport", "connect"),
    "restart-ice": ("transport", "restart-ice"),
    "pause-producer": ("producer", "pause"),
    "resume-producer": ("producer", "resume"),
    "resume-consumer": ("consumer", "resume"),
    "set-preferred-layers": ("consumer", "layers"),
}
