"""A recording as a player gets it: playlists and segments over HTTP, decoded by PyAV."""

from __future__ import annotations

import io
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt

from vtp.bench.frame_number import read_frame_number
from vtp.bench.lecture_picture import is_flash
from vtp.bench.lecture_sound import SAMPLE_RATE


@dataclass(frozen=True)
class Picture:
    """One decoded picture: when it is shown, the number it carries, whether its square is white."""

    time_s: float
    number: int | None
    flash: bool | None


def fetch(url: str) -> bytes:
    """A file of the recording."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        return bytes(answer.read())


def rendition_urls(master_url: str) -> dict[str, str]:
    """Each track's playlist by the track's name, as the multivariant playlist lists them."""
    text = fetch(master_url).decode()
    uris = re.findall(r'URI="([^"]+)"', text)
    uris += [line for line in text.splitlines() if line and not line.startswith("#")]
    found = {uri.split("/")[-2]: urllib.parse.urljoin(master_url, uri) for uri in uris}
    assert found, text
    return found


def rendition(playlist_url: str) -> bytes:
    """A whole track in one piece: its one initialization section and all segments."""
    text = fetch(playlist_url).decode()
    assert "#EXT-X-ENDLIST" in text and "#EXT-X-GAP" not in text, text
    sections = re.findall(r'#EXT-X-MAP:URI="([^"]+)"', text)
    assert len(sections) == 1, text
    segments = [line for line in text.splitlines() if line and not line.startswith("#")]
    return b"".join(fetch(urllib.parse.urljoin(playlist_url, uri)) for uri in [*sections, *segments])


def pictures(track: bytes) -> Iterator[Picture]:
    """Every picture of the track, in the order in which they are shown."""
    with av.open(io.BytesIO(track)) as container:
        assert isinstance(container, av.container.InputContainer)
        for frame in container.decode(video=0):
            assert frame.time is not None
            gray = frame.to_ndarray(format="gray").astype(np.uint8, copy=False)
            yield Picture(frame.time, read_frame_number(gray), is_flash(gray))


def sound(track: bytes) -> tuple[float, npt.NDArray[np.float32]]:
    """When the first sample is heard, in seconds, and all samples as mono at 48 kHz."""
    start_s: float | None = None
    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)
    parts = []
    with av.open(io.BytesIO(track)) as container:
        assert isinstance(container, av.container.InputContainer)
        for frame in container.decode(audio=0):
            if start_s is None:
                assert frame.time is not None
                start_s = frame.time
            parts += [part.to_ndarray().reshape(-1) for part in resampler.resample(frame)]
    assert start_s is not None, "the track holds no sound"
    return start_s, np.concatenate(parts)
