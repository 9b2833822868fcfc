"""Pictures of a recording as JPEG: the key frame at or before a time, decoded in a thread of its own."""

from __future__ import annotations

import asyncio
import io
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import av
from av.error import FFmpegError

from vtp.errors import NotFound, Unavailable
from vtp.recording.index import PartLine, TrackIndex, segment_name
from vtp.recording.segmenter import VIDEO_TRACK
from vtp.recording.view import RecordingView
from vtp.threads import be_patient

logger = logging.getLogger(__name__)

JPEG_TYPE = "image/jpeg"
THREADS = 2
WAITING_AT_MOST = 64
KEPT_BYTES = 8 << 20
NICENESS = 10
QUALITY = "4"  # of FFmpeg's 2 (best) to 31
RETRY_S = 1.0

Read = Callable[[str, int, int], Awaitable[bytes]]
"""Gives so many bytes of a recording's file from an offset on; raises OSError, Unavailable."""


@dataclass(frozen=True, slots=True)
class Place:
    """A key frame: bytes of a segment, and the section that they follow."""

    section: str
    section_size: int
    msn: int
    offset: int
    size: int


class Thumbnails:
    """Makes them, some at a time, and keeps the latest."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, Place, int], bytes] = OrderedDict()
        self._making: dict[tuple[str, Place, int], asyncio.Future[bytes]] = {}
        self._threads = ThreadPoolExecutor(THREADS, "thumbnails", be_patient, (NICENESS,))

    def close(self) -> None:
        """Begins nothing any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def forget(self, recording_id: str) -> None:
        """Keeps nothing of a recording that was deleted."""
        for key in [key for key in self._kept if key[0] == recording_id]:
            del self._kept[key]

    async def picture(
        self, recording_id: str, read: Read, view: RecordingView, at_s: float, width: int
    ) -> bytes:
        """A JPEG at most `width` wide, of bytes that `read` gives.

        Raises NotFound where there is no picture at or before that time, Unavailable when too many are asked
        for or its bytes are damaged.
        """
        index = view.tracks.get(VIDEO_TRACK)
        place = find_key_frame(index, at_s) if index is not None else None
        if place is None:
            raise NotFound("There is no picture at that time (yet).", code="no_picture")
        key = (recording_id, place, width)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        making = self._making.get(key)
        if making is None:
            if len(self._making) >= WAITING_AT_MOST:
                raise Unavailable("Too many pictures are being made; try again.", retry_after_s=RETRY_S)
            making = asyncio.ensure_future(self._make(read, place, width))
            self._making[key] = making
            making.add_done_callback(partial(self._made, key))
        try:
            return await asyncio.shield(making)
        except (OSError, ValueError, FFmpegError) as error:
            logger.warning("No picture can be made of recording %s: %s", recording_id, error)
            raise Unavailable("The recording's files are damaged: restore them from a backup.") from error

    async def _make(self, read: Read, place: Place, width: int) -> bytes:
        section, part = await asyncio.gather(
            read(f"{VIDEO_TRACK}/{place.section}", 0, place.section_size),
            read(f"{VIDEO_TRACK}/{segment_name(place.msn)}", place.offset, place.size),
        )
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, make_jpeg, section + part, width)

    def _made(self, key: tuple[str, Place, int], making: asyncio.Future[bytes]) -> None:
        self._making.pop(key, None)
        if making.cancelled() or making.exception() is not None:
            return
        self._kept[key] = making.result()
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > KEPT_BYTES:
            self._kept.popitem(last=False)


def find_key_frame(index: TrackIndex, at_s: float) -> Place | None:
    """The last key frame that begins a part and is shown by then; its bytes are written already."""
    tick = at_s * index.timescale
    numbers = [msn for msn in sorted(index.parts) if index.parts[msn]]
    low, high = 0, len(numbers)
    while low < high:
        middle = (low + high) // 2
        if index.parts[numbers[middle]][0].start <= tick:
            low = middle + 1
        else:
            high = middle
    for msn in reversed(numbers[:low]):
        parts = [part for part in index.parts[msn] if part.independent and part.start <= tick]
        if parts:
            return _place(index, parts[-1])
    return None


def _place(index: TrackIndex, part: PartLine) -> Place:
    section = next(line for line in index.maps if line.map == part.map)
    return Place(section.uri, section.size, part.msn, part.offset, part.size)


def make_jpeg(fragment: bytes, width: int) -> bytes:
    """Decodes the picture behind its initialization section, scaled down to `width`: milliseconds of a core.

    Raises ValueError or FFmpegError when there is no picture in those bytes.
    """
    with av.open(io.BytesIO(fragment), format="mp4", mode="r") as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        frame = next(container.decode(stream), None)
    if frame is None:
        raise ValueError("The key frame holds no picture")
    return _jpeg(frame, min(width, frame.width) // 2 * 2)


def _jpeg(frame: av.VideoFrame, width: int) -> bytes:
    height = max(round(frame.height * width / frame.width / 2) * 2, 2)
    scaled = frame.reformat(width, height, "yuvj420p", interpolation="AREA")
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1, 30)  # of one picture: any will do
    encoder.options = {"qmin": QUALITY, "qmax": QUALITY}
    return b"".join(bytes(packet) for packet in [*encoder.encode(scaled), *encoder.encode(None)])
