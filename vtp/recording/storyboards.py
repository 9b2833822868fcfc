"""Makes the sheets of storyboards when they are asked for, one at a time in a patient thread.

Full ones are kept beside the tracks. Nothing needs to be recovered: a sheet follows from the segments.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from vtp.errors import NotFound, Unavailable
from vtp.recording.live_playlist import Rendered
from vtp.recording.segmenter import VIDEO_TRACK
from vtp.recording.storyboard import FOLDER, Board, render_vtt, sheet_name
from vtp.recording.storyboard_sheet import Made, SheetMaker
from vtp.recording.thumbnail_picture import ReadNow, read_file
from vtp.recording.view import RecordingView
from vtp.single_flight import SingleFlight
from vtp.tasks import Tasks
from vtp.threads import be_patient

BOARDS_KEPT = 32
WAITING_AT_MOST = 32
NICENESS = 10
RETRY_S = 2.0


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A sheet with so many tiles; `full` when none will follow."""

    recording_id: str
    number: int
    tiles: int
    full: bool


@dataclass(slots=True)
class _Kept:
    """What is known of a recording: its tiles, their list as sent last, the sheets that are written."""

    board: Board = field(default_factory=Board)
    rendered: tuple[tuple[float, bool], Rendered] | None = None
    written: set[int] = field(default_factory=set)


class Storyboards:
    """Used on the event loop; the drawing is done in its own thread."""

    def __init__(self, tasks: Tasks) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._making: SingleFlight[_Wanted, Made] = SingleFlight(
            tasks,
            "sheet of a storyboard",
            keep=self._keep,
            most=WAITING_AT_MOST,
            too_many="Too many sheets are being made; try again.",
            retry_after_s=RETRY_S,
        )
        self._thread = ThreadPoolExecutor(1, "storyboard", be_patient, (NICENESS,))
        self._maker = SheetMaker()

    def close(self) -> None:
        """Begins nothing any more, and ends what is being made."""
        self._maker.stop()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def forget(self, recording_id: str) -> None:
        """Keeps nothing of a recording that was deleted."""
        self._making.forget_all(lambda wanted: wanted.recording_id == recording_id)
        if self._kept.pop(recording_id, None) is not None:
            with suppress(RuntimeError):  # closed: it keeps nothing anyway
                self._thread.submit(self._maker.forget, recording_id)

    async def settle(self, recording_id: str) -> None:
        """Waits until nothing of a recording is being made."""
        await self._making.settle(lambda wanted: wanted.recording_id == recording_id)

    def vtt(self, recording_id: str, view: RecordingView) -> Rendered:
        """When each tile is shown, and where it lies; no cues as long as there is no picture."""
        kept = self._grown(recording_id, view)
        version = (kept.board.end_s, view.ended)
        if kept.rendered is None or kept.rendered[0] != version:
            kept.rendered = version, Rendered.of(render_vtt(kept.board, ended=view.ended).encode())
        return kept.rendered[1]

    async def sheet(
        self,
        recording_id: str,
        directory: Path | None,
        view: RecordingView,
        number: int,
        read: ReadNow | None = None,
    ) -> bytes:
        """A sheet as JPEG, with the tiles that it has by now; without a `directory` nothing is written.

        `read` is asked for its pictures, which are in the directory otherwise. Raises what that raises,
        NotFound when it has none, Unavailable when too many are asked for.
        """
        kept = self._grown(recording_id, view)
        tiles = kept.board.sheet(number)
        if not tiles:
            raise NotFound("This recording has no such sheet (yet).", code="no_such_file")
        wanted = _Wanted(recording_id, number, len(tiles), view.ended or kept.board.is_full(number))
        path = directory / FOLDER / sheet_name(number) if directory is not None and wanted.full else None
        if path is not None and number in kept.written:
            return await self._read(kept, number, path)
        read = read or partial(read_file, directory or Path())
        run = asyncio.get_running_loop().run_in_executor
        make = partial(run, self._thread, self._maker.make, (recording_id, number), read, tiles, path)
        return (await self._making.get(wanted, make)).data

    async def _read(self, kept: _Kept, number: int, path: Path) -> bytes:
        """A sheet that is written."""
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError as error:
            kept.written.discard(number)
            raise Unavailable("This sheet was removed; it is drawn again.", retry_after_s=RETRY_S) from error

    def _grown(self, recording_id: str, view: RecordingView) -> _Kept:
        """What is known of a recording, with what it has got since."""
        kept = self._kept.setdefault(recording_id, _Kept())
        self._kept.move_to_end(recording_id)
        if len(self._kept) > BOARDS_KEPT:
            self._kept.popitem(last=False)
        index = view.tracks.get(VIDEO_TRACK)
        if index is not None:
            kept.board.grow(index)
        return kept

    def _keep(self, wanted: _Wanted, made: Made) -> None:
        kept = self._kept.get(wanted.recording_id)
        if made.is_kept and kept is not None:
            kept.written.add(wanted.number)
