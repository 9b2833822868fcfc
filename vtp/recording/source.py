"""One producer as the recorder's thread sees it: tap, depacketizer, reader, and the clock to place units."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from vtp.recording.clock import PublisherClock, TrackClock
from vtp.recording.picture import Picture, PictureReader, unreadable
from vtp.recording.timebase import NS
from vtp.recording.units import AccessUnit

logger = logging.getLogger(__name__)

Kind = Literal["audio", "video"]


class Tap(Protocol):
    """The face of `vtp._rtp_fast.Tap` that a recorder uses."""

    @property
    def dropped(self) -> int:
        """For how many packets there was no room, as nobody had taken those before."""

    def drain(self, depacketizer: Any, /) -> int:
        """Moves all waiting packets into the depacketizer."""

    def sender_reports(self) -> list[tuple[int, int, int]]:
        """(NTP time, RTP timestamp, arrival) of each report since the last call."""

    def close(self) -> None:
        """Frees the ring."""


class Depacketizer(Protocol):
    """The face of `vtp._rtp_fast.Depacketizer` that a recorder uses."""

    @property
    def needs_key_frame(self) -> bool:
        """Whether units are dropped until the next key frame."""

    def poll(self, now_ns: int) -> Sequence[AccessUnit]:
        """The units that are complete, or whose lost parts are given up."""


class PlacedPicture(NamedTuple):
    """A picture and the monotonic instant it belongs at; `media_ns`: what its stream's own numbers say."""

    time_ns: int
    picture: Picture
    media_ns: int


class PlacedSound(NamedTuple):
    """An Opus packet, the monotonic instant it belongs at, and whose it is."""

    time_ns: int
    packet: bytes
    voice: str = ""


Placed = PlacedPicture | PlacedSound


class Source:
    """Made on the event loop, used and closed by the recorder's thread alone.

    Of what the tap holds already, that from `since_ns` on is taken, a picture from its next key frame: what
    somebody sent before they presented is not recorded. `reader`: of the picture's codec; None for sound.
    """

    def __init__(
        self,
        source_id: str,
        tap: Tap,
        depacketizer: Depacketizer,
        publisher: PublisherClock,
        clock_rate: int,
        since_ns: int = 0,
        *,
        reader: PictureReader | None = None,
    ) -> None:
        self.id = source_id
        self.kind: Kind = "audio" if reader is None else "video"
        self._tap = tap
        self._depacketizer = depacketizer
        self._publisher = publisher
        self._clock_rate = clock_rate
        self._clock = TrackClock(clock_rate, publisher)
        self._ssrc: int | None = None
        self._since_ns = since_ns
        self._waits = since_ns > 0
        self._reader = reader
        self._unreadable = False  # nothing since can be decoded

    @property
    def dropped(self) -> int:
        """How many packets were lost on their way here, until it is closed."""
        return self._tap.dropped

    @property
    def needs_key_frame(self) -> bool:
        """Whether nothing can be decoded until the next key frame."""
        waits = self._waits or self._unreadable or self._depacketizer.needs_key_frame
        return self.kind == "video" and waits

    def poll(self, now_ns: int) -> Iterator[Placed]:
        """What has come since the last call, in order."""
        self._tap.drain(self._depacketizer)
        for ntp64, rtp_timestamp, arrival_ns in self._tap.sender_reports():
            self._clock.receive_report(ntp64, rtp_timestamp, arrival_ns)
        for unit in self._depacketizer.poll(now_ns):
            self._waits = self._waits and not self._begins_with(unit)
            if self._waits:
                continue
            if self._ssrc not in (None, unit.ssrc):
                self._clock = TrackClock(self._clock_rate, self._publisher)
            self._ssrc = unit.ssrc
            time_ns = self._clock.place(unit.rtp_timestamp, unit.arrival_ns)
            if self._reader is None:
                yield PlacedSound(time_ns, unit.data, self.id)
            elif (picture := self._read(self._reader, unit)) is not None:
                yield PlacedPicture(time_ns, picture, unit.rtp_timestamp * NS // self._clock_rate)

    def _read(self, reader: PictureReader, unit: AccessUnit) -> Picture | None:
        """The unit's picture; None when it, or one that it needs, cannot be read."""
        if self._unreadable and not unit.key_frame:
            return None
        try:
            picture = reader.read(unit)
        except unreadable() as error:
            logger.debug("A picture of %s is not recorded: %s", self.id, error)
            self._unreadable = True
            return None
        picture = picture._replace(after_gap=True) if self._unreadable else picture
        self._unreadable = False
        return picture

    def _begins_with(self, unit: AccessUnit) -> bool:
        return unit.arrival_ns >= self._since_ns and (self.kind == "audio" or unit.key_frame)

    def close(self) -> None:
        """Lets go of the tap."""
        self._tap.close()
