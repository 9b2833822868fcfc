"""Decodes one voice's Opus packets, each to exactly the ticks that its sample lasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from vtp.recording import _opus, opus
from vtp.recording.audio_timeline import STRETCH_TICKS
from vtp.recording.opus_library import load_libopus
from vtp.recording.pcm import CHANNELS
from vtp.recording.units import Sample

if TYPE_CHECKING:
    from vtp.recording.pcm import Heard


class OpusDecoder:
    """Has one publisher's state: packets come in the order they were sent."""

    def __init__(self) -> None:
        load_libopus()
        self._decoder = _opus.Decoder()

    def decode(self, samples: Sequence[Sample]) -> Heard:
        """The sound of some that follow each other, each cut or held by the few ticks that it was stretched;
        of a damaged one silence.
        """
        import numpy as np

        pieces = [piece for run in _alike(samples) for piece in self._decode_run(run)]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _decode_run(self, run: Sequence[Sample]) -> Iterator[Heard]:
        """All in one call: it costs more than a packet's sound."""
        pcm = self._decoded(opus.joined([sample.data for sample in run]))
        each = opus.packet_ticks(run[0].data)
        if len(run) > 1 and len(pcm) != each * len(run):  # one is damaged: the others are heard
            for sample in run:
                yield _fitted(self._decoded(sample.data), sample.duration)
        elif all(sample.duration == each for sample in run) and len(pcm) == each * len(run):
            yield pcm
        else:
            for number, sample in enumerate(run):
                yield _fitted(pcm[number * each :][:each], sample.duration)

    def _decoded(self, packet: bytes) -> Heard:
        import numpy as np

        pcm = np.empty((opus.LONGEST_TICKS, CHANNELS), np.int16)
        return pcm[: self._decoder.decode(packet, pcm)]


def _alike(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    """Runs of those that are decoded in one call."""
    run: list[Sample] = []
    most = 1
    for sample in samples:
        if run and (len(run) == most or not opus.may_join(run[-1].data, sample.data)):
            yield run
            run = []
        if not run:
            most = opus.LONGEST_TICKS // opus.packet_ticks(sample.data)
        run.append(sample)
    if run:
        yield run


def _fitted(pcm: Heard, ticks: int) -> Heard:
    import numpy as np

    missing = ticks - len(pcm)
    if missing > STRETCH_TICKS:
        pcm = np.concatenate([pcm, np.zeros((missing, CHANNELS), np.int16)])
    elif missing > 0:
        pcm = np.concatenate([pcm, np.repeat(pcm[-1:], missing, axis=0)])
    return pcm[:ticks]
