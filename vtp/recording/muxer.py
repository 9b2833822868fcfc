"""Initialization sections, by PyAV, and the parts that follow them.

Samples of most codecs go into a part as they are (`_fragment.pyx`). Those of VP9 and AV1 are rewritten by
FFmpeg's muxer. A fragment of a long-lived one closes only when the next frame arrives, and PyAV cannot flush
one by hand: so each part gets a muxer of its own, made from the track's section, with exact part boundaries
and nothing to restart when a publisher stalls. `frag_discont` keeps tfdt as it is (FFmpeg otherwise subtracts
the first timestamp), `fragment_index` goes on counting moof sequence numbers.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from vtp.late_av import av
from vtp.recording import boxes, opus
from vtp.recording._fragment import write_fragments
from vtp.recording.timebase import AUDIO_TIMESCALE, VIDEO_TIMESCALE
from vtp.recording.units import Sample

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.container import OutputContainer

_OPTIONS = {"movflags": "cmaf+delay_moov+frag_discont", "use_editlist": "0", "fflags": "+bitexact"}
AAC_CODEC_STRING = "mp4a.40.2"  # RFC 6381, AAC low complexity
_KINDS_AS_THEY_ARE = {"avc1": True, "mp4a": False, "opus": False}  # and whether they are pictures


class _Sink:
    """Takes what the muxer writes; having no seek it is treated as a stream."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)


@contextmanager
def _muxer(sink: _Sink, sequence: int = 1) -> Iterator[OutputContainer]:
    options = {**_OPTIONS, "fragment_index": str(sequence)}
    with av.open(sink, "w", format="mp4", options=options) as container:
        yield container


class InitSection:
    """One initialization section (ftyp and moov) and what a playlist must say of it."""

    def __init__(
        self, data: bytes, codec_string: str, timescale: int, *, width: int = 0, height: int = 0
    ) -> None:
        self.data = data
        self.codec_string = codec_string
        self.timescale = timescale
        self.width = width
        self.height = height
        self._reader = av.open(io.BytesIO(data), format="mp4")
        self._template = self._reader.streams[0]
        self._time_base = Fraction(1, timescale)

    def close(self) -> None:
        """Lets go of the reader that the muxers are made from."""
        self._reader.close()

    def fragment(self, samples: Sequence[Sample], sequence: int) -> bytes:
        """Samples as a moof and an mdat, or more: a key frame begins another. The first moof has the number
        `sequence`, from 1.
        """
        pictures = _KINDS_AS_THEY_ARE.get(self.codec_string.partition(".")[0])
        if pictures is None:
            return self.muxed(samples, sequence)
        return write_fragments(samples, sequence, pictures=pictures)

    def muxed(self, samples: Sequence[Sample], sequence: int) -> bytes:
        """The same by FFmpeg's muxer, which refuses some samples and rewrites those of some codecs."""
        sink = _Sink()
        with _muxer(sink, sequence) as container:
            stream = container.add_stream_from_template(self._template, opaque=True)
            stream.time_base = self._time_base
            for sample in samples:
                container.mux_one(_packet(sample, stream, self._time_base))
        output = bytes(sink.data)
        _, start, end = boxes.media_range(output)
        return output[start:end]


def _packet(sample: Sample, stream: av.stream.Stream, time_base: Fraction) -> av.Packet[Any]:
    packet: av.Packet[Any] = av.Packet(sample.data)
    packet.stream = stream
    packet.time_base = time_base
    packet.pts = packet.dts = sample.time
    packet.duration = sample.duration
    packet.is_keyframe = sample.key_frame
    return packet


def _section(output: bytes) -> bytes:
    moov = boxes.find(output, b"moov")
    if moov is None:
        raise ValueError("The muxer gave no initialization section")
    return output[: moov.end]


def picture_section(codec: str, key_frame: bytes, width: int, height: int) -> bytes:
    """The section of a picture track, with what the muxer reads in a key frame of it.

    Raises ValueError when it reads nothing in it.
    """
    sink = _Sink()
    time_base = Fraction(1, VIDEO_TIMESCALE)
    with _muxer(sink) as container:
        stream = container.add_mux_stream(codec, rate=30, width=width, height=height, time_base=time_base)
        container.mux_one(_packet(Sample(key_frame, 0, 3000, True), stream, time_base))
    return _section(bytes(sink.data))


def opus_section() -> InitSection:
    """The section of a stereo Opus track (mono packets play in it too)."""
    sink = _Sink()
    with av.open(io.BytesIO(opus.ogg_template()), format="ogg") as template, _muxer(sink) as container:
        stream = container.add_stream_from_template(template.streams.audio[0], opaque=True)
        silence = Sample(opus.SILENCE, 0, opus.SILENCE_TICKS, True)
        container.mux_one(_packet(silence, stream, Fraction(1, AUDIO_TIMESCALE)))
    return InitSection(_section(bytes(sink.data)), "opus", AUDIO_TIMESCALE)


def aac_section(bitrate_bps: int) -> InitSection:
    """The section of a stereo AAC-LC track at 48 kHz."""
    sink = _Sink()
    options = {**_OPTIONS, "movflags": "cmaf+empty_moov+frag_discont"}
    with av.open(sink, "w", format="mp4", options=options) as container:
        stream = container.add_stream("aac", rate=AUDIO_TIMESCALE, layout="stereo")
        stream.bit_rate = bitrate_bps
        container.start_encoding()
    return InitSection(_section(bytes(sink.data)), AAC_CODEC_STRING, AUDIO_TIMESCALE)


def aac_encoder(bitrate_bps: int, *, mono: bool = False) -> AudioCodecContext:
    """An AAC-LC encoder whose output fits `aac_section`; of `mono` sound after `as_pair`."""
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate = AUDIO_TIMESCALE
    encoder.layout = "mono" if mono else "stereo"
    encoder.format = "fltp"
    encoder.bit_rate = bitrate_bps
    encoder.time_base = Fraction(1, AUDIO_TIMESCALE)
    encoder.options = {"aac_coder": "fast"}  # half the time of the other, as good from 64 kbit/s on
    if mono:
        encoder.options |= {"aac_pns": "0", "aac_tns": "0"}  # `as_pair` says why
    return encoder
