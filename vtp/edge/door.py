"""Whom an edge answers: those whom its origin would. It asks for each newcomer at once, and once a second for
all who go on, so that rights which were taken away end here within two seconds.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from vtp.edge.origin import AWAY, error_of
from vtp.errors import NotSignedIn, StartupError, Unavailable, VtpError
from vtp.recording.grants import Grants, Scope
from vtp.streaming.edge_schemas import WATCHERS_AT_A_TIME, EdgeVerdict, Refusal, Sent, Watcher

logger = logging.getLogger(__name__)

ASK_EVERY_S = 1.0
GONE_S = 60.0
AWAY_S = 30.0  # for so long those whom the origin let in go on while it does not answer
UNASKED_S = 10.0  # and from one question that has no answer to the next: it may last some seconds itself
MOST_WATCHERS = 100_000

Report = Callable[[Sequence[Watcher]], Awaitable[EdgeVerdict]]
Key = tuple[str, str, str]
"""What they watch, by which grant, from where."""


@dataclass(slots=True)
class _Watcher:
    seen_s: float
    good_until_s: float = 0.0
    asked_s: float = 0.0
    """When the origin last said yes."""
    active: bool = True
    answer: asyncio.Future[VtpError | None] | None = None
    """Of a question that somebody waits for."""
    sent: dict[str, Sent] = field(default_factory=dict)

    @property
    def is_news(self) -> bool:
        """Whether they have asked for something, or were sent something, since the origin was told."""
        return self.active or bool(self.sent)


class Door:
    """On the event loop; `run` is its task. `report` is the origin's."""

    def __init__(self, grants: Grants, report: Report, clock: Callable[[], float] = time.monotonic) -> None:
        self._grants = grants
        self._report = report
        self._clock = clock
        self._watchers: dict[Key, _Watcher] = {}
        self._wake = asyncio.Event()

    def numbers(self) -> dict[str, float]:
        """For the metrics."""
        return {"viewers": len(self._watchers)}

    def let_in(self, key: Key) -> str:
        """Who holds the grant of those whom the origin has let in a moment ago; "" of others."""
        watcher = self._watchers.get(key)
        if watcher is None:
            return ""
        now_s = self._clock()
        watcher.seen_s, watcher.active = now_s, True
        return self.holder(key) if watcher.good_until_s > now_s else ""

    async def require(self, key: Key) -> None:
        """Lets them in when the origin does. Raises what it says, and Unavailable when it does not answer."""
        if not self.holder(key):
            raise NotSignedIn("This needs a grant that is good: load the page again.", code="no_grant")
        if self.let_in(key):
            return
        watcher = self._watchers.get(key)
        if watcher is None:
            if len(self._watchers) >= MOST_WATCHERS:
                raise Unavailable("This edge has as many viewers as it can have.", retry_after_s=10)
            watcher = self._watchers[key] = _Watcher(self._clock())
        if watcher.answer is None:
            watcher.answer = asyncio.get_running_loop().create_future()
            self._wake.set()
        refusal = await asyncio.shield(watcher.answer)
        if refusal is not None:
            raise refusal

    def count(self, key: Key, track: str, size: int, segments: int) -> None:
        """Something was sent to them."""
        watcher = self._watchers.get(key)
        if watcher is None:
            return
        sent = watcher.sent.get(track)
        if sent is None:
            sent = watcher.sent[track] = Sent(track=track)
        sent.bytes += size
        sent.segments += segments

    def holder(self, key: Key) -> str:
        """Who holds their grant; "" when it is none, or not good any more."""
        media_id, grant, _ = key
        return self._grants.check(grant, media_id, Scope.PLAY) or ""

    def is_worn(self, key: Key) -> bool:
        """Whether their grant, which is good, should be followed by another."""
        return self._grants.is_worn(key[1])

    def follows(self, grant: str, key: Key) -> bool:
        """Whether a grant is of the same viewer as theirs, and good for longer."""
        holder = self.holder((key[0], grant, key[2]))
        return holder == self.holder(key) and self._grants.end_of(grant) > self._grants.end_of(key[1])

    async def run(self) -> None:
        """Asks for ever."""
        next_s = self._clock()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(next_s - self._clock(), 0.0)):
                    await self._wake.wait()
            self._wake.clear()
            everybody = self._clock() >= next_s
            if everybody:
                next_s = self._clock() + ASK_EVERY_S
                self._forget_gone()
            due = [key for key, one in self._watchers.items() if one.answer or (everybody and one.is_news)]
            for first in range(0, len(due), WATCHERS_AT_A_TIME):
                await self._ask(due[first : first + WATCHERS_AT_A_TIME])

    async def _ask(self, keys: Sequence[Key]) -> None:
        asked_s = self._clock()
        told: list[dict[str, Sent]] = []
        report: list[Watcher] = []
        for key in keys:
            watcher = self._watchers[key]
            told.append(watcher.sent)
            watcher.sent, watcher.active = {}, False
            media_id, grant, address = key
            report.append(
                Watcher(media_id=media_id, grant=grant, address=address, sent=list(told[-1].values()))
            )
        try:
            verdict = await self._report(report)
        except Exception as error:  # also what nobody has thought of: else nobody would be asked for any more
            expected = isinstance(error, Unavailable | StartupError)
            logger.warning("The origin was not asked: %s", error, exc_info=None if expected else error)
            for key, sent in zip(keys, told, strict=True):
                self._put_back(key, sent)
                self._answer(key, self._while_away(key))
            return
        refused = {one.index: one for one in verdict.refused}
        for index, key in enumerate(keys):
            refusal = refused.get(index)
            self._let_in(key, asked_s, verdict.good_for_seconds, refusal)

    def _let_in(self, key: Key, asked_s: float, good_for_s: float, refusal: Refusal | None) -> None:
        watcher = self._watchers[key]
        if refusal is None:
            watcher.asked_s, watcher.good_until_s = asked_s, asked_s + good_for_s
            self._answer(key, None)
            return
        self._answer(key, _error_of(refusal))
        del self._watchers[key]

    def _while_away(self, key: Key) -> VtpError | None:
        """Who was let in goes on for a while."""
        watcher, now_s = self._watchers[key], self._clock()
        if watcher.asked_s and now_s - watcher.asked_s < AWAY_S:
            watcher.good_until_s = min(now_s + UNASKED_S, watcher.asked_s + AWAY_S)
            return None
        return Unavailable(AWAY, retry_after_s=1, code="origin_away")

    def _put_back(self, key: Key, sent: dict[str, Sent]) -> None:
        """What could not be told is told the next time."""
        for track, one in sent.items():
            self.count(key, track, one.bytes, one.segments)
        self._watchers[key].active = True

    def _answer(self, key: Key, refusal: VtpError | None) -> None:
        watcher = self._watchers[key]
        waiting, watcher.answer = watcher.answer, None
        if waiting is not None and not waiting.done():
            waiting.set_result(refusal)

    def _forget_gone(self) -> None:
        before_s = self._clock() - GONE_S
        gone = [key for key, one in self._watchers.items() if one.seen_s < before_s and one.answer is None]
        for key in gone:
            del self._watchers[key]


def _error_of(refusal: Refusal) -> VtpError:
    return error_of(refusal.status, refusal.code, refusal.detail, refusal.retry_after_seconds)
