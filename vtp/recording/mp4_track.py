"""One track of a progressive MP4: its samples on an unbroken line, from a recording whose line has gaps.

Where nobody sent, the picture stands (its last frame lasts longer) and the sound is silent frames, as many as
keep it nearest to its time: players go by the sound's samples and not by what their times say.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from vtp.recording import mp4_boxes, opus
from vtp.recording.index import TrackIndex
from vtp.recording.mp4_boxes import MOVIE_TIMESCALE, box
from vtp.recording.sample_table import Chunk, SampleTable
from vtp.recording.sections import Section

SILENT_AAC = b"\x21\x10\x04\x60\x8c\x1c"  # AAC-LC, two channels, nothing in it (ISO/IEC 14496-3)
AAC_TICKS = 1024
SILENCES_A_CHUNK = 47  # about a second


@dataclass(frozen=True, slots=True)
class Silence:
    """One frame of it, and how many ticks it lasts."""

    data: bytes
    ticks: int


SILENCES = {"mp4a.40.2": Silence(SILENT_AAC, AAC_TICKS), "opus": Silence(opus.SILENCE, opus.SILENCE_TICKS)}


class Placed(NamedTuple):
    """One chunk of the file: when its first sample is, and its bytes: `before`, then those of a segment.

    `msn` is -1 when there are none of a segment.
    """

    time: int
    samples: int
    entry: int
    before: bytes = b""
    msn: int = -1
    offset: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Media:
    """A track as it is on the disk."""

    folder: Path
    index: TrackIndex
    table: SampleTable
    sections: Mapping[int, Section]

    @property
    def silence(self) -> Silence | None:
        """What fills gaps; None for pictures."""
        return SILENCES.get(self.index.maps[0].codecs)


@dataclass(slots=True)
class Mp4Track:
    """Samples laid out from `origin`, a tick of the recording's timeline, up to `end`."""

    media: Media
    origin: int = 0
    end: int | None = None
    start: int = 0  # the tick of the recording at which the first sample begins
    chunks: list[Placed] = field(default_factory=list)
    sizes: array[int] = field(default_factory=lambda: array("I"))
    durations: array[int] = field(default_factory=lambda: array("I"))
    keys: array[int] = field(default_factory=lambda: array("I"))  # empty when all are
    media_duration: int = 0  # ticks of all samples
    _entries: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, media: Media, start_s: float = 0.0, end_s: float | None = None) -> Mp4Track | None:
        """The track between two seconds of the recording; None when it shows nothing there."""
        scale = media.index.timescale
        track = cls(media, round(start_s * scale), None if end_s is None else round(end_s * scale))
        table = track._wanted()
        if not table.chunks:
            return None
        track._lay_out(table)
        return track if track.duration > 0 else None

    @property
    def timescale(self) -> int:
        """Ticks per second."""
        return self.media.index.timescale

    @property
    def duration(self) -> int:
        """Ticks from `origin` to the end of what is shown."""
        end = self.start + self.media_duration
        return (end if self.end is None else min(end, self.end)) - self.origin

    def trak(self, track_id: int, tables: bytes, offsets: array[int]) -> bytes:
        """The whole box, of `tables`; `offsets` says where each chunk lies in the file."""
        largest = max(self.media.index.maps, key=lambda line: line.width * line.height)
        section = next(iter(self.media.sections.values()))
        minf = box(
            b"minf",
            section.media_header,
            section.data_reference,
            box(b"stbl", tables, mp4_boxes.co64(offsets)),
        )
        mdhd = mp4_boxes.mdhd(self.timescale, self.media_duration)
        return box(
            b"trak",
            mp4_boxes.tkhd(
                track_id, _movie_ticks(self.duration, self.timescale), largest.width, largest.height
            ),
            mp4_boxes.edts(self._edits()),
            box(b"mdia", mdhd, section.handler, minf),
        )

    def tables(self) -> bytes:
        """The sample tables without the places of chunks."""
        return b"".join(
            (
                mp4_boxes.stsd(self._entries),
                mp4_boxes.stts(self.durations),
                mp4_boxes.stss(self.keys) if self.keys else b"",
                mp4_boxes.stsc((chunk.samples, chunk.entry) for chunk in self.chunks),
                mp4_boxes.stsz(self.sizes),
            )
        )

    def _edits(self) -> list[tuple[int, int]]:
        """Nothing until the first sample, or the samples from the one within which `origin` lies."""
        lead = self.start - self.origin
        if lead <= 0:
            return [(_movie_ticks(self.duration, self.timescale), -lead)]
        shown = _movie_ticks(self.duration - lead, self.timescale)
        return [(_movie_ticks(lead, self.timescale), -1), (shown, 0)]

    def _wanted(self) -> SampleTable:
        """The samples from which what is wanted can be decoded."""
        table = self.media.table
        if not table.chunks or (self.origin == 0 and self.end is None):
            return table
        first, begin = table.sample_at(self.origin)
        if self.media.silence is None:
            first = table.key_at(first)
        elif begin + table.durations[first] <= self.origin:
            first += 1  # in a gap: what comes after it
        elif first:
            first -= 1  # sound is whole from the second frame that is decoded
        last = len(table.sizes)
        if self.end is not None:
            last, begin = table.sample_at(self.end)
            last += begin < self.end
        return table.cut(first, last)

    def _lay_out(self, table: SampleTable) -> None:
        silence = self.media.silence
        begin = table.chunks[0].start
        position = self.start = begin if silence is None else min(begin, self.origin)
        first = 0
        for run in _unbroken(table.chunks):
            if silence is None:
                self._stand_until(run[0].start - position)
                position = max(position, run[0].start)
            else:
                position += self._be_silent(silence, position, run[0].start, self._entry(run[0].map))
            position += self._add(table, run, first, position)
            first += sum(chunk.samples for chunk in run)
        if silence is None and self.end is not None and table is not self.media.table:
            following = self.media.table.end
            self._stand_until(min(self.end, following) - position)
        if silence is None:
            self._begin_with_origin()
        self.media_duration = sum(self.durations)

    def _begin_with_origin(self) -> None:
        """Has the picture that stands at `origin` begin there: players disagree about half a picture."""
        begin, sample = self.start, 0
        while sample < len(self.durations) - 1 and begin + self.durations[sample] <= self.origin:
            begin += self.durations[sample]
            sample += 1
        late = self.origin - begin
        if late <= 0 or late >= self.durations[sample]:
            return
        self.durations[sample] -= late
        if sample:
            self.durations[sample - 1] += late
        else:
            self.start += late

    def _stand_until(self, ticks: int) -> None:
        """The last frame lasts `ticks` longer."""
        if ticks > 0 and self.durations:
            self.durations[-1] += ticks

    def _be_silent(self, silence: Silence, position: int, until: int, entry: int) -> int:
        """Adds the frames of silence that come nearest to `until`; gives how many ticks they last."""
        missing = max(round((until - position) / silence.ticks), 0)
        for done in range(0, missing, SILENCES_A_CHUNK):
            count = min(SILENCES_A_CHUNK, missing - done)
            time = position + done * silence.ticks
            self.chunks.append(Placed(time, count, entry, silence.data * count))
            self.sizes.extend([len(silence.data)] * count)
            self.durations.extend([silence.ticks] * count)
        return missing * silence.ticks

    def _add(self, table: SampleTable, run: Sequence[Chunk], first: int, position: int) -> int:
        """Adds chunks that follow each other; gives how many ticks they last."""
        later, at, entry = position - run[0].start, first, self._entry(run[0].map)
        start = len(self.sizes)
        last = first + sum(chunk.samples for chunk in run)
        self.sizes.extend(table.sizes[first:last])
        self.durations.extend(table.durations[first:last])
        if table.keys:
            begin, end = bisect_left(table.keys, first), bisect_left(table.keys, last)
            self.keys.extend([start - first + key for key in table.keys[begin:end]])
        in_band = self._in_band(table, run[0].map)
        keys = set(table.keys) if in_band else ()
        for chunk in run:
            before = in_band if at in keys or not table.keys else b""  # a part may begin without one
            if before:
                self.sizes[start + at - first] += len(before)
            self.chunks.append(
                Placed(later + chunk.start, chunk.samples, entry, before, chunk.msn, chunk.offset, chunk.size)
            )
            at += chunk.samples
        return run[-1].end - run[0].start

    def _in_band(self, table: SampleTable, number: int) -> bytes:
        """Parameter sets for the key frames of a section, where a track has sections with others.

        Chromium takes one entry of a track, and its sets once: it could not come back from others.
        """
        maps = {chunk.map for chunk in (table.chunks[0], table.chunks[-1])}
        maps |= {line.map for line in self.media.index.maps if min(maps) <= line.map <= max(maps)}
        several = len({self.media.sections[used].entry for used in maps}) > 1
        return self.media.sections[number].parameter_sets if several else b""

    def _entry(self, number: int) -> int:
        """Which sample entry the segments of a section follow, from 1."""
        entry = self.media.sections[number].entry
        if entry not in self._entries:
            self._entries.append(entry)
        return self._entries.index(entry) + 1


def _unbroken(chunks: Sequence[Chunk]) -> Iterator[list[Chunk]]:
    """Chunks that follow each other without a gap, by one section."""
    run: list[Chunk] = []
    for chunk in chunks:
        if run and (chunk.start != run[-1].end or chunk.map != run[-1].map):
            yield run
            run = []
        run.append(chunk)
    if run:
        yield run


def _movie_ticks(ticks: int, timescale: int) -> int:
    """Rounded up, so that no edit loses its last sample."""
    return -(-ticks * MOVIE_TIMESCALE // timescale)
