"""Pictures of a recording as JPEG: the key frame at or before a time, decoded in a thread that can wait."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from vtp.errors import NotFound, Unavailable
from vtp.recording.index import segment_name
from vtp.recording.picture import MOST_PIXELS
from vtp.recording.segmenter import VIDEO_TRACK
from vtp.recording.thumbnail_picture import (
    Place,
    decode,
    encode_jpeg,
    find_key_frame,
    picture_errors,
)
from vtp.recording.view import RecordingView
from vtp.single_flight import SingleFlight
from vtp.tasks import Tasks
from vtp.threads import be_patient

logger = logging.getLogger(__name__)

JPEG_TYPE = "image/jpeg"
THREADS = 2
WAITING_AT_MOST = 64
KEPT_BYTES = 8 << 20
NICENESS = 10
RETRY_S = 1.0

_Key = tuple[str, Place, int]
Read = Callable[[str, int, int], Awaitable[bytes]]
"""Gives so many bytes of a recording's file from an offset on; raises OSError, Unavailable."""


class Thumbnails:
    """Makes them, some at a time, and keeps the latest."""

    def __init__(self, tasks: Tasks) -> None:
        self._kept: OrderedDict[_Key, bytes] = OrderedDict()
        self._making: SingleFlight[_Key, bytes] = SingleFlight(
            tasks,
            "picture of a recording",
            self._find,
            self._keep,
            most=WAITING_AT_MOST,
            too_many="Too many pictures are being made; try again.",
            retry_after_s=RETRY_S,
        )
        self._threads = ThreadPoolExecutor(THREADS, "thumbnails", be_patient, (NICENESS,))

    def close(self) -> None:
        """Begins nothing any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def forget(self, recording_id: str) -> None:
        """Keeps nothing of a recording that was deleted, nor what is being made of it."""
        for key in [key for key in self._kept if key[0] == recording_id]:
            del self._kept[key]
        self._making.forget_all(lambda key: key[0] == recording_id)

    async def picture(
        self, recording_id: str, read: Read, view: RecordingView, at_s: float, width: int
    ) -> bytes:
        """A JPEG at most `width` wide, of bytes that `read` gives.

        Raises NotFound where there is no picture at or before that time, or a larger one than we decode,
        Unavailable when too many are asked for or its bytes are damaged.
        """
        index = view.tracks.get(VIDEO_TRACK)
        place = find_key_frame(index, at_s) if index is not None else None
        if place is None:
            raise NotFound("There is no picture at that time (yet).", code="no_picture")
        if place.is_too_large:
            raise NotFound(
                f"The picture at that time has {place.width}x{place.height} pixels: smaller ones are made of "
                f"pictures of up to {MOST_PIXELS} pixels.",
                code="picture_too_large",
            )
        make = partial(self._make, read, place, width)
        try:
            return await self._making.get((recording_id, place, width), make)
        except picture_errors() as error:
            logger.warning("No picture can be made of recording %s: %s", recording_id, error)
            raise Unavailable("The recording's files are damaged: restore them from a backup.") from error

    async def _make(self, read: Read, place: Place, width: int) -> bytes:
        section, part = await asyncio.gather(
            read(f"{VIDEO_TRACK}/{place.section}", 0, place.section_size),
            read(f"{VIDEO_TRACK}/{segment_name(place.msn)}", place.offset, place.size),
        )
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, make_jpeg, section + part, width)

    def _find(self, key: _Key) -> bytes | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def _keep(self, key: _Key, made: bytes) -> None:
        self._kept[key] = made
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > KEPT_BYTES:
            self._kept.popitem(last=False)


def make_jpeg(fragment: bytes, width: int) -> bytes:
    """Decodes the picture and scales it down to `width`; raises what `decode` raises."""
    frame = decode(fragment)
    width = max(min(width, frame.width) // 2 * 2, 2)
    return encode_jpeg(frame, width, max(round(frame.height * width / frame.width / 2) * 2, 2))
