"""What was read of logs that are pushed, kept so that each row is read once, not with each row behind it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.forgotten import NOTHING, Forgotten, is_forgotten, what_is_forgotten
from vtp.analytics.lrs_store import EVERYWHERE, NOWHERE, first_row_at, last_stops, piece_of_log
from vtp.analytics.playback import EventType
from vtp.analytics.xapi import Fold, Source
from vtp.recording.progress_store import find_progress
from vtp.recording.watching import Played

AT_ONCE: Final = 200
"""Rows that are read between two turns of others."""
MOST_HELD: Final = 100_000
"""Pages and stretches of all that is kept, 100 to 300 bytes each."""


class Folds:
    """By (account, recording), what was used last at the end. What is not here is read from the log's
    beginning: after a start, and of those that were let go for others."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, str], tuple[Fold, int]] = OrderedDict()
        self.held = 0

    async def statements(
        self, tx: AsyncConnection, source: Source, wanted: set[str], until: str
    ) -> list[tuple[str, dict[str, Any]]]:
        """What some rows of a log give to say, each with the row; `until`: the newest row to look at."""
        key = source.user_id, source.recording_id
        kept, held = self._kept.pop(key, (None, 0))
        self.held -= held
        first = min(wanted)
        if (
            kept is None or kept.last >= first
        ):  # they are told again: nothing is known of what was before them
            kept = Fold(await _forgotten(tx, source))
        fold = kept
        made: list[tuple[str, dict[str, Any]]] = []
        after: str | None = fold.last
        while after is not None:
            log, after = await piece_of_log(tx, source.recording_id, source.user_id, after, until, AT_ONCE)
            ends: set[str] = set()
            if any(row[2].event_type is EventType.STOPPED and row[0] in wanted for row in log):
                ends = await last_stops(tx, source.recording_id, source.user_id, first)
            for row in log:
                said = fold.take(source, row, ends=row[0] in ends, tell=row[0] in wanted)
                made += [(row[0], one) for one in said]
            await asyncio.sleep(0)  # others have their turn
        self._keep(key, fold)
        return made

    def _keep(self, key: tuple[str, str], fold: Fold) -> None:
        self._kept[key] = fold, fold.held
        self.held += fold.held
        while self.held > self._most:
            _, (_, held) = self._kept.popitem(last=False)
            self.held -= held


async def _forgotten(tx: AsyncConnection, source: Source) -> Forgotten:
    """What the log does not say any more."""
    progress = await find_progress(tx, source.user_id, source.recording_id)
    first_at = await first_row_at(tx, source.recording_id, source.user_id)
    if progress is None or first_at is None or not is_forgotten(progress, first_at):
        return NOTHING
    counted: list[Played] = []
    after: str | None = NOWHERE
    while after is not None:
        log, after = await piece_of_log(tx, source.recording_id, source.user_id, after, EVERYWHERE, AT_ONCE)
        counted += [one for row in log for one in row[2].counted]
        await asyncio.sleep(0)  # others have their turn
    return what_is_forgotten(progress, first_at, counted)
