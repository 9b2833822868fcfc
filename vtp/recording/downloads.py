"""MP4s of ended recordings, made on the fly: which tracks, of what stretch, and what is kept in memory."""

from __future__ import annotations

import asyncio
import logging
import struct
import time
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vtp.errors import FieldError, Invalid, NotFound, Unavailable
from vtp.recording.audio_tracks import AAC_TRACK, OPUS_TRACK
from vtp.recording.index import TrackIndex
from vtp.recording.mp4_file import Mp4File
from vtp.recording.mp4_track import Media, Mp4Track
from vtp.recording.sample_table import Find, load_table
from vtp.recording.sections import read_sections
from vtp.recording.segmenter import VIDEO_TRACK
from vtp.recording.view import RecordingView
from vtp.single_flight import SingleFlight
from vtp.tasks import Tasks
from vtp.threads import be_patient

logger = logging.getLogger(__name__)

KEPT_BYTES = 32 << 20  # of heads; an hour's has about 2 MB
NICENESS = 10
PAUSE_S = 0.002  # between segments, where nobody waits: packets need the interpreter too
THREADS = 2
WAITING_AT_MOST = 32
RETRY_S = 1.0
_TOO_LONG = (struct.error, OverflowError)  # numbers that a box has no room for


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of a recording, in seconds; all of it by default."""

    start_s: float = 0.0
    end_s: float | None = None


WHOLE = Clip()


class Downloads:
    """Makes each file once and keeps the latest; a player asks for many ranges of one."""

    def __init__(self, tasks: Tasks) -> None:
        self._kept: OrderedDict[tuple[str, Clip], Mp4File] = OrderedDict()
        self._making: SingleFlight[tuple[str, Clip], Mp4File] = SingleFlight(
            tasks,
            "MP4 of a recording",
            self._find,
            self._keep,
            most=WAITING_AT_MOST,
            too_many="Too many downloads begin at this moment; try again.",
            retry_after_s=RETRY_S,
        )
        self._preparing: SingleFlight[str, None] = SingleFlight(tasks, "samples of a recording")
        self._makers = ThreadPoolExecutor(THREADS, "mp4", be_patient, (NICENESS,))
        self._patient = ThreadPoolExecutor(1, "samples", be_patient, (NICENESS,))

    def close(self) -> None:
        """Begins nothing any more."""
        self._makers.shutdown(wait=False, cancel_futures=True)
        self._patient.shutdown(wait=False, cancel_futures=True)

    async def prepare(
        self, recording_id: str, directory: Path, view: RecordingView, find: Find | None = None
    ) -> None:
        """Makes the sample tables of a recording that has just ended: its first download is at once."""
        run = asyncio.get_running_loop().run_in_executor
        load = partial(run, self._patient, load_tables, directory, dict(view.tracks), find)
        try:
            await self._preparing.get(recording_id, load)
        except (OSError, ValueError, *_TOO_LONG) as error:
            logger.info(
                "The samples of recording %s are left to its first download: %s", directory.name, error
            )

    async def file(
        self,
        recording_id: str,
        directory: Path,
        view: RecordingView,
        clip: Clip,
        find: Find | None = None,
    ) -> Mp4File:
        """The MP4; `find` gives where segments are that are not in `directory`.

        Raises Invalid for a clip behind the end, Unavailable with the reason for damage, or when too many are
        being made.
        """
        run = asyncio.get_running_loop().run_in_executor
        make = partial(run, self._makers, make_mp4, directory, dict(view.tracks), clip, find)
        try:
            return await self._making.get((recording_id, clip), make)
        except FileNotFoundError as error:
            logger.warning("Recording %s lacks a file: %s", recording_id, error)
            raise Unavailable(
                f"The recording's files are damaged. {Path(error.filename or '').name} is missing: "
                "restore it from a backup."
            ) from error
        except (OSError, ValueError) as error:
            logger.warning("The MP4 of recording %s cannot be made: %s", recording_id, error)
            raise Unavailable(f"The recording's files are damaged. {error}") from error
        except _TOO_LONG as error:
            logger.warning("The MP4 of recording %s cannot be made: %s", recording_id, error)
            raise Unavailable(
                "Something in this recording lasts longer than an MP4 can say: download it in stretches, by "
                "`from` and `to`."
            ) from error

    def forget(self, recording_id: str) -> None:
        """Keeps nothing of a recording that was deleted, nor what is being made of it."""
        for key in [key for key in self._kept if key[0] == recording_id]:
            del self._kept[key]
        self._making.forget_all(lambda key: key[0] == recording_id)

    async def settle(self, recording_id: str) -> None:
        """Waits until nothing of a recording is being made."""
        await self._making.settle(lambda key: key[0] == recording_id)
        await self._preparing.settle(lambda key: key == recording_id)

    def _find(self, key: tuple[str, Clip]) -> Mp4File | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def _keep(self, key: tuple[str, Clip], made: Mp4File) -> None:
        self._kept[key] = made
        while len(self._kept) > 1 and sum(len(file.head) for file in self._kept.values()) > KEPT_BYTES:
            self._kept.popitem(last=False)


def chosen_tracks(tracks: Mapping[str, TrackIndex]) -> list[str]:
    """The picture, and AAC or else Opus."""
    present = [name for name, index in tracks.items() if index.has_media]
    sound = next((name for name in (AAC_TRACK, OPUS_TRACK) if name in present), None)
    return [name for name in (VIDEO_TRACK, sound) if name is not None and name in present]


def load_tables(directory: Path, tracks: dict[str, TrackIndex], find: Find | None = None) -> None:
    """Has the samples known that an MP4 needs. Raises ValueError with a sentence, OSError."""
    for name in chosen_tracks(tracks):
        load_table(directory / name, tracks[name], partial(time.sleep, PAUSE_S), find)


def load_media(directory: Path, name: str, index: TrackIndex, find: Find | None = None) -> Media:
    """One track with its samples. Raises ValueError with a sentence, OSError."""
    folder = directory / name
    return Media(folder, index, load_table(folder, index, find=find), read_sections(folder, index))


def make_mp4(directory: Path, tracks: dict[str, TrackIndex], clip: Clip, find: Find | None = None) -> Mp4File:
    """Blocks for milliseconds where the samples are known, else for a second an hour of recording.

    Raises Invalid for a clip without pictures and sound, NotFound for a recording without any, ValueError
    with a sentence when files are damaged, OSError.
    """
    names = chosen_tracks(tracks)
    if not names:
        raise NotFound("This recording holds nothing to play.", code="nothing_to_play")
    length_s = max(tracks[name].duration_s for name in names)
    if clip.start_s >= length_s:
        detail = f"The recording ends after {length_s:.3f} s: choose a `from` before that."
        raise Invalid(detail, errors=[FieldError("/query/from", detail)])
    medias = [load_media(directory, name, tracks[name], find) for name in names]
    laid_out = [Mp4Track.of(media, clip.start_s, clip.end_s) for media in medias]
    found = [track for track in laid_out if track is not None]
    if not found:
        detail = "Nobody sent anything there: choose another `from` and `to`."
        raise Invalid(detail, errors=[FieldError("/query/from", detail)])
    return Mp4File(found)
