"""Reads anything FFmpeg reads and gives access units for RTP: copied where the codec allows, else encoded.

Copied are H.264 without B-frames in 4:2:0, VP8, VP9 (profile 0), AV1 (main) and Opus. Everything else becomes
H.264 (x264, zero latency, baseline, a key frame every 2 s and on request) and Opus. All of it blocks: run it
in a thread.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import av.container

from vtp.bench.media_copy import OpusCopier, VideoCopier, h264_profile_level
from vtp.bench.media_encode import OpusEncoder, Unit, UnitMaker, VideoEncoder

PROBE_PACKETS = 120
INTERLEAVE_S = 1.0
"""How far a file's sound and picture may lie apart in it."""
LIVE_INTERLEAVE_S = 0.1


class SourceError(Exception):
    """The file or stream cannot be published; the text is a sentence for the caller."""


@dataclass(frozen=True)
class Track:
    """One stream to publish. `codec` is what leaves; `copied` says whether it is what the source holds."""

    kind: str
    codec: str
    copied: bool
    parameters: str
    source_codec: str

    def __str__(self) -> str:
        if self.copied:
            return f"{self.codec} as it is"
        return f"{self.codec} made from {self.source_codec}"


def probe(url: str, *, encode: bool = False) -> list[Track]:
    """What of the source is published and how; `encode` copies nothing. Raises SourceError."""
    with open_source(url) as container:
        tracks = [
            _track(container, stream, encode)
            for stream in (*container.streams.video[:1], *container.streams.audio[:1])
        ]
        if not tracks:
            raise SourceError(f"{url} has neither sound nor picture in it.")
        return tracks


def open_source(url: str) -> av.container.InputContainer:
    """For reading. Raises SourceError."""
    try:
        return av.open(url, timeout=(15.0, 15.0))
    except av.FFmpegError as error:
        raise SourceError(f"{url} cannot be read: {error.strerror or error}.") from error
    except (OSError, ValueError) as error:
        raise SourceError(f"{url} cannot be read: {error}.") from error


def _track(container: av.container.InputContainer, stream: Any, encode: bool) -> Track:
    name = stream.codec_context.name
    copied = not encode and _can_copy(container, stream)
    if stream.type == "audio":
        return Track("audio", "opus", copied, "minptime=10;useinbandfec=1", name)
    codec = _RTP_NAMES[name] if copied else "h264"
    profile = h264_profile_level(stream) if copied and codec == "h264" else "42e01f"
    return Track("video", codec, copied, _PARAMETERS[codec].format(profile=profile), name)


_RTP_NAMES = {
    "h264": "h264", "vp8": "vp8", "vp9": "vp9", "av1": "av1", "libdav1d": "av1", "libaom-av1": "av1",
    "libvpx": "vp8", "libvpx-vp9": "vp9",
}  # fmt: skip
_PARAMETERS = {
    "h264": "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile}",
    "vp8": "",
    "vp9": "profile-id=0",
    "av1": "profile=0;level-idx=8;tier=0",
}


def _can_copy(container: av.container.InputContainer, stream: Any) -> bool:
    context = stream.codec_context
    if stream.type == "audio":
        return bool(context.name in ("opus", "libopus"))
    if context.name not in _RTP_NAMES or context.pix_fmt not in ("yuv420p", "yuvj420p"):
        return False
    if _RTP_NAMES[context.name] != "h264":
        return True
    return not context.has_b_frames and _is_in_order(container, stream)


def _is_in_order(container: av.container.InputContainer, stream: Any) -> bool:
    """Whether the first packets are shown in the order they are stored: what B-frames are not."""
    last = None
    for count, packet in enumerate(container.demux(stream)):
        if packet.pts is None or count == PROBE_PACKETS:
            break
        if last is not None and packet.pts < last:
            return False
        last = packet.pts
    return True


class MediaSource:
    """The source from its start, once or over and over, as access units in order of their times."""

    def __init__(
        self, url: str, tracks: list[Track], *, loop: bool = False, video_bitrate_bps: int = 0
    ) -> None:
        self._url = url
        self._tracks = tracks
        self._loop = loop
        self._video_bitrate_bps = video_bitrate_bps
        self._makers: dict[str, UnitMaker] = {}

    def request_key_frame(self) -> None:
        """Makes the next encoded picture a key frame; a copied one has those it has. Thread-safe."""
        for maker in list(self._makers.values()):
            maker.request_key_frame()

    def units(self) -> Iterator[Unit]:
        """Access units, times from 0 on, across repetitions. Raises SourceError when reading breaks off."""
        offset_s = 0.0
        while True:
            end_s = offset_s
            for unit in self._units_once():
                shifted = unit.later_by(offset_s)
                end_s = max(end_s, shifted.time_s + shifted.duration_s)
                yield shifted
            if not self._loop:
                return
            if end_s <= offset_s:
                raise SourceError(f"{self._url} has nothing in it to repeat.")
            offset_s = end_s

    def _units_once(self) -> Iterator[Unit]:
        with open_source(self._url) as container:
            streams = {track.kind: getattr(container.streams, track.kind)[0] for track in self._tracks}
            self._makers = {track.kind: self._maker(track, streams[track.kind]) for track in self._tracks}
            first_s: float | None = None
            try:
                for packet in _interleaved(container, list(streams.values())):
                    for unit in self._makers[packet.stream.type].take(packet):
                        first_s = unit.time_s if first_s is None else first_s
                        yield unit.later_by(-first_s)
                for maker in self._makers.values():
                    for unit in maker.finish():
                        yield unit.later_by(-(first_s or 0.0))
            except av.FFmpegError as error:
                raise SourceError(f"{self._url} broke off: {error.strerror or error}.") from error

    def _maker(self, track: Track, stream: Any) -> UnitMaker:
        if track.kind == "audio":
            return OpusCopier(stream) if track.copied else OpusEncoder(stream)
        if track.copied:
            return VideoCopier(stream, track.codec)
        return VideoEncoder(stream, self._video_bitrate_bps)


def _interleaved(container: av.container.InputContainer, streams: list[Any]) -> Iterator[Any]:
    """Packets in order of their times, though a file may hold sound and picture up to a second apart."""
    span_s = INTERLEAVE_S if container.duration else LIVE_INTERLEAVE_S
    waiting: list[tuple[float, int, Any]] = []
    newest_s = float("-inf")
    for count, packet in enumerate(container.demux(streams)):
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is None:
            continue
        time_s = float(stamp * packet.time_base)
        newest_s = max(newest_s, time_s)
        heapq.heappush(waiting, (time_s, count, packet))
        while waiting[0][0] < newest_s - span_s:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]
