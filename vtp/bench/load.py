"""The benchmark's load: a publisher that keeps a timetable, and viewers that count and time every packet.

Both live in the compiled engine's thread; Python only starts them and reads their figures. A `Source` notes
when each of its packets was handed to the kernel. A `Probe` reads the headers of all packets and
authenticates and decrypts a sample; a number in the payload then tells how the server's sequence numbers map
to the source's, and with that the delay of every packet is known: from the source's send call to the kernel's
receive timestamp.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vtp.bench.client_sdp import AnsweredMedia
from vtp.bench.driver import ClientDriver
from vtp.bench.load_figures import Delays, ProbeFigures, SourceFigures, merge

__all__ = ["Delays", "Lecture", "Probe", "ProbeFigures", "Source", "SourceFigures", "merge"]


@dataclass(frozen=True)
class Lecture:
    """What one publisher sends (design, "targets"): Chromium's pacing of one camera and one microphone.

    Raises ValueError for a pattern that cannot be sent.
    """

    frames_per_s: int = 25
    packets_per_frame: int = 10
    packet_bytes: tuple[int, int] = (1100, 1200)
    """Smallest and largest RTP packet of a frame, header included and SRTP tag not, spread in between."""
    burst_packets: int = 3
    burst_interval_ms: float = 5.0
    audio_per_s: int = 50
    audio_bytes: int = 100
    """Of an RTP packet of sound, header included and SRTP tag not."""
    video: bool = True
    audio: bool = True

    def __post_init__(self) -> None:
        low, high = self.packet_bytes
        if not 128 <= low <= high <= 1200 or not 80 <= self.audio_bytes <= 1200:
            raise ValueError("Packets of a picture have 128 to 1200 bytes, packets of sound 80 to 1200.")
        bursts = -(-self.packets_per_frame // max(1, self.burst_packets))
        if min(self.frames_per_s, self.packets_per_frame, self.burst_packets, self.audio_per_s) < 1:
            raise ValueError("Rates and packets of a frame and of a burst are 1 or more.")
        if self.packets_per_frame > 256 or (bursts - 1) * self.burst_interval_ms >= 1000 / self.frames_per_s:
            raise ValueError("A frame has at most 256 packets, and its bursts end before the next frame.")

    @property
    def packets_per_s(self) -> int:
        """Packets of picture and sound together."""
        video = self.frames_per_s * self.packets_per_frame if self.video else 0
        return video + (self.audio_per_s if self.audio else 0)


class Source:
    """One publisher: a connected client that sends a pattern by itself, from the engine's thread.

    A key frame comes first and after each request for one, as large as any other frame; NACK is answered with
    RTX; MID, transport-wide numbers, abs-send-time, audio level and sender reports go along where they were
    agreed on.
    """

    def __init__(
        self,
        driver: ClientDriver,
        client: int,
        media: Sequence[AnsweredMedia],
        pattern: Lecture,
        *,
        seed: int = 1,
    ) -> None:
        """`media` are the lines that may be sent, with our SSRCs and the agreed codec first (`Leg.media`).

        `seed` places the frames in time (two seeds do not burst together) and chooses first numbers and
        bytes. Raises ValueError when a line of the pattern is missing or its codec is none that can be sent.
        """
        raise NotImplementedError

    def start(self) -> None:
        """Sends from now on. A second start begins a new timetable on the same streams."""
        raise NotImplementedError

    def stop(self) -> None:
        """Sends no more media; retransmissions are still answered."""
        raise NotImplementedError

    def figures(self) -> SourceFigures:
        """What was sent so far."""
        raise NotImplementedError


class Probe:
    """One viewer's streams on a connected client: every packet counted and timed, a sample authenticated.

    It does what a viewer has to: receiver reports once a second, transport-wide feedback, NACK for what is
    missing, a key frame request where it cannot begin. Packets that come before the probe is made only count
    for `first_packet_ns`.
    """

    def __init__(
        self,
        driver: ClientDriver,
        client: int,
        media: Sequence[AnsweredMedia],
        source: Source | None,
        *,
        authenticate_every: int = 64,
        feedback_ms: int = 100,
    ) -> None:
        """`media` are the lines to receive (`Leg.media`; refused ones are passed over).

        Without a `source` there are no delays. `authenticate_every` 1 authenticates all packets; the first
        ones and those after any irregularity are authenticated always. `feedback_ms` is the interval of
        transport-wide feedback. Raises ValueError when there is nothing to receive.
        """
        raise NotImplementedError

    def figures(self) -> ProbeFigures:
        """The window so far. Still right after the client has been removed: as it was then."""
        raise NotImplementedError

    def restart(self) -> None:
        """Begins a new measuring window: packets that arrive from now on, numbers after the newest so far."""
        raise NotImplementedError
