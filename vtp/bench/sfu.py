"""What the benchmark asks of a server under test, vtp itself or a peer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from vtp.bench.client_sdp import AnsweredMedia, OfferedMedia
from vtp.bench.driver import ClientDriver
from vtp.bench.unavailable import Unavailable as Unavailable

BOTH_KINDS = frozenset({"audio", "video"})


@dataclass
class Leg:
    """One connected client of the server: ICE and DTLS are done."""

    client: int
    media: list[AnsweredMedia]
    posted_ns: int
    joined_ns: int
    handle: Any
    origins: Sequence["Leg"] = ()
    """What `receive` gave: whose each line of `media` is."""


@dataclass(frozen=True)
class View:
    """What one participant of a meeting gets of another."""

    publisher: Leg
    kinds: frozenset[str] = BOTH_KINDS


class Sfu(Protocol):
    """A server under test."""

    name: str
    variant: str

    async def prepare(self) -> str: ...

    async def start(self, driver: ClientDriver) -> None: ...

    @property
    def pids(self) -> list[int]: ...

    def check(self) -> None: ...

    async def publish(self, room: str, media: Sequence[OfferedMedia]) -> Leg: ...

    async def subscribe(self, room: str, publisher: Leg, *, kinds: frozenset[str] = BOTH_KINDS) -> Leg: ...

    async def attend(self, room: str, media: Sequence[OfferedMedia]) -> Leg:
        """A participant of a meeting, connected to send."""

    async def receive(self, room: str, participant: Leg, views: Sequence[View]) -> Leg:
        """The one transport by which a participant gets all that it sees and hears of others."""

    async def leave(self, leg: Leg) -> None: ...

    async def stop(self) -> None: ...
