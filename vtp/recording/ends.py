"""How recordings end: written into their rows, also when the database is away at that moment, and made whole
after a crash.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.recording.catalogue import utc_now
from vtp.recording.changes import RecordingChanged
from vtp.recording.files import RecordingFiles
from vtp.recording.loading import recover_unclosed
from vtp.recording.manifest import MANIFEST_NAME
from vtp.recording.outcome import Outcome
from vtp.recording.recovery import INTERRUPTED
from vtp.recording.store import ERROR_CODE, Recording, Status, save_ended, unfinished_recordings
from vtp.recording.stretches import DOWNLOAD_PARTS, stretches
from vtp.recording.summary import summary_of
from vtp.recording.view import RecordingView

logger = logging.getLogger(__name__)

SAVE_AGAIN_S = 5.0  # how long after the database was away to how a recording ended is written again
RECOVER_AGAIN_S = 60.0  # how long after the disk or the database refused it a recording is made whole again
NOTHING_RECORDED = "The server ended before anything was recorded."
NOT_PLAYABLE = (
    "The server ended while this was being recorded, and nothing of what was recorded can be played."
)
DAMAGED = (
    "The server ended while this was being recorded, and the file that names what was recorded "
    f"({MANIFEST_NAME}) is missing or damaged."
)


class _RefusedError(Exception):
    """What keeps a recording from being made whole may pass."""


class Ends:
    """`tell` is told of each that is not in the trash; after `closing` is set nothing is waited for."""

    def __init__(
        self,
        database: Database,
        files: RecordingFiles,
        tell: Callable[[RecordingChanged], None],
        closing: asyncio.Event,
        instance_id: str,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._files = files
        self._tell = tell
        self._closing = closing
        self._instance_id = instance_id
        self._clock = clock
        self._left: list[Recording] = []  # that the disk or the database kept from being made whole

    async def recover(self) -> list[tuple[str, RecordingView]]:
        """Makes whole what a former process was recording when it ended; gives what there is to play."""
        async with self._database.read() as tx:
            unfinished = await unfinished_recordings(tx, self._instance_id)
        return await self._recover_all(unfinished)

    async def recover_rest(self, tell: Callable[[str, RecordingView], None]) -> None:
        """Tries again, until the server ends, what the disk or the database kept `recover` from; tells of
        each that is whole. Until then they are unfinished."""
        while self._left:
            with suppress(TimeoutError):
                async with asyncio.timeout(RECOVER_AGAIN_S):
                    await self._closing.wait()
            if self._closing.is_set():
                return
            with suppress(Unavailable):
                for recording_id, view in await self._recover_all(await self._still_left()):
                    tell(recording_id, view)

    async def _still_left(self) -> list[Recording]:
        """Without what has been deleted for good meanwhile. Raises Unavailable."""
        left = {one.id for one in self._left}
        async with self._database.read() as tx:
            return [one for one in await unfinished_recordings(tx, self._instance_id) if one.id in left]

    async def _recover_all(self, unfinished: list[Recording]) -> list[tuple[str, RecordingView]]:
        found: list[tuple[str, RecordingView]] = []
        left: list[Recording] = []
        for one in unfinished:
            try:
                view = await self._recover(one)
            except (_RefusedError, Unavailable) as error:
                logger.warning("Recording %s is recovered later: %s", one.id, error)
                left.append(one)
                continue
            if view is not None:
                found.append((one.id, view))
        self._left = left
        return found

    async def save(
        self, recording_id: str, view: RecordingView, outcome: Outcome, stopped_at: datetime | None = None
    ) -> bool:
        """Keeps how a recording ended, and when: now, unless said. False where it is in the trash by now, or
        gone.
        """
        failure = outcome.failure
        self._tell(RecordingChanged(recording_id, Status.FINALIZING))
        status = Status.READY if not failure else Status.INTERRUPTED
        if not view.is_playable:
            status = Status.FAILED
        ended = {
            "status": status,
            "stopped_at": stopped_at or self._clock(),
            "error_message": failure,
            "metadata": metadata_of(view, outcome.code),
            **summary_of(view),
        }
        while (is_news := await self._saved(recording_id, ended)) is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(SAVE_AGAIN_S):
                    await self._closing.wait()
        if is_news:
            self._tell(RecordingChanged(recording_id, status))
        if failure:
            logger.warning("Recording %s ended as %s: %s", recording_id, status.value, failure)
        return is_news

    async def _saved(self, recording_id: str, values: Mapping[str, object]) -> bool | None:
        """Tries to write a row, and says whether that is news, as `save_ended` does; None when it is worth
        another try, the database being away."""
        try:
            return await self._change(recording_id, **values)
        except Unavailable as error:
            if not self._closing.is_set():
                return None
            logger.warning("How recording %s ended is left to the next start: %s", recording_id, error)
        return True

    @done_over
    async def _change(self, recording_id: str, **values: object) -> bool:
        async with self._database.transaction() as tx:
            return await save_ended(tx, recording_id, {"updated_at": self._clock(), **values})

    async def _recover(self, recording: Recording) -> RecordingView | None:
        """None where there is nothing to play. Raises _RefusedError, Unavailable: then it is tried again."""
        directory = self._files.directory(recording.id)
        try:
            view = await asyncio.to_thread(recover_unclosed, directory)
        except (OSError, ValueError) as error:
            if not await asyncio.to_thread(_is_for_good, error, directory):
                raise _RefusedError(str(error)) from error
            logger.warning("Recording %s cannot be recovered: %s", recording.id, error)
            why = DAMAGED if await asyncio.to_thread(_has_bytes, directory) else NOTHING_RECORDED
            ended = {"stopped_at": recording.started_at, "error_message": why}
            if await self._change(recording.id, status=Status.FAILED, **ended):
                self._tell(RecordingChanged(recording.id, Status.FAILED))
            return None
        manifest = view.manifest
        failure = manifest.failure
        if failure == INTERRUPTED and not view.is_playable:
            has_bytes = await asyncio.to_thread(_has_bytes, directory)
            failure = NOT_PLAYABLE if has_bytes else NOTHING_RECORDED
        outcome = Outcome(manifest.duration_ns, failure, manifest.failure_code)
        length = timedelta(microseconds=manifest.duration_ns // 1000)
        await self.save(recording.id, view, outcome, recording.started_at + length)
        return view


def _is_for_good(error: OSError | ValueError, directory: Path) -> bool:
    """Whether there is nothing to make whole, now or later: no manifest, or a damaged one. What the disk says
    otherwise may pass, and that no recording at all is there may be a disk that is not mounted."""
    if not isinstance(error, OSError):
        return True
    try:
        return not (directory / MANIFEST_NAME).exists() and any(directory.parent.iterdir())
    except OSError:
        return False


def _has_bytes(directory: Path) -> bool:
    """Whether something was recorded into a folder, whatever it is worth."""
    try:
        return any(path.stat().st_size for path in directory.glob("*/seg-*.m4s*"))
    except OSError:  # it cannot be known, so that nothing is said to be lost
        return True


def metadata_of(view: RecordingView, error_code: str) -> dict[str, object]:
    """What a row says besides of a recording that has ended."""
    message = {"message": view.manifest.message} if view.manifest.message else {}
    code = {ERROR_CODE: error_code} if error_code else {}
    parts = len(stretches(view.tracks))
    return {**message, **code, **({DOWNLOAD_PARTS: parts} if parts > 1 else {})}
