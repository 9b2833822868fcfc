"""Who had trouble with their connection in a class, and why: rules over what was kept. No clock and no I/O.

How good a connection is at a moment is judged in the class (decision 0054: above 2 % of loss or 250 ms round
trip is felt, above 8 % or 600 ms is bad). What a class comes to is said here (decision 0114).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vtp.analytics.attendance import Connection
from vtp.analytics.network_notes import Network
from vtp.rooms.link_quality import Quality, Reason

POOR_PER_MILLE: Final = 50
"""Poor or lost for a twentieth of the time, three minutes of an hour: parts of a lesson were missed."""
FAIR_PER_MILLE: Final = 200
"""Fair or worse for a fifth of it."""
RECONNECTS: Final = 3
RECONNECTED_WITHIN_MS: Final = 300_000
"""Who comes back within five minutes was cut off; who comes later had left."""
FAR_MS: Final = 150
"""Where no packet came back sooner the way is long, else packets wait on it. Light in fibre takes 1 ms for
100 km there and back, and half of the way around the earth, by detours, about 300 ms."""


class Cause(enum.StrEnum):
    """Where it comes from."""

    CUT_OFF = "cut_off"
    UPLINK = "uplink"
    DOWNLINK = "downlink"
    NARROW = "narrow_downlink"
    DISTANCE = "distance"
    QUEUES = "queues"


WORDS: Final[Mapping[Cause, str]] = {
    Cause.CUT_OFF: "Their connection broke off: Wi-Fi that is far away or shared, or a change of network.",
    Cause.UPLINK: "Their uplink: what they send gets lost, so that others see and hear them freeze.",
    Cause.DOWNLINK: "Their downlink: what they are sent gets lost, so that pictures and sound freeze.",
    Cause.NARROW: "Their downlink is narrow: they got smaller pictures, or fewer, than they could watch.",
    Cause.DISTANCE: "The server is far away from them: no packet came back quickly.",
    Cause.QUEUES: "Packets wait on their line: something else fills it, such as a download or a backup.",
}
_FAIR: Final = Quality.FAIR.word
_POOR: Final = frozenset({Quality.POOR.word, Quality.LOST.word})
_CAUSE_OF: Final[Mapping[str, Cause]] = {
    Reason.SILENT: Cause.CUT_OFF,
    Reason.LOSS_SENDING: Cause.UPLINK,
    Reason.LOSS_RECEIVING: Cause.DOWNLINK,
    Reason.NARROW: Cause.NARROW,
}


class Rating(enum.StrEnum):
    """How a connection was over a class."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


@dataclass(frozen=True, slots=True)
class Link:
    """Somebody's connection over one class. `bad_ms`: how long it was not good by each cause."""

    rating: Rating
    cause: Cause | None
    bad_ms: Mapping[Cause, int]
    fair_ms: int
    poor_ms: int
    network: Network


def link_of(quality: Mapping[str, int], network: Network) -> Link:
    """What was kept of somebody in a class: times by `quality/reason`, and the figures."""
    bad: dict[Cause, int] = {}
    for word, ms in quality.items():
        cause = _cause(word.partition("/")[2], network)
        bad[cause] = bad.get(cause, 0) + ms
    fair, poor = fair_and_poor_ms(quality)
    rating = _rate(fair, poor, network)
    return Link(rating, _main(bad, network, rating), bad, fair, poor, network)


def fair_and_poor_ms(quality: Mapping[str, int]) -> tuple[int, int]:
    """For how long a connection was fair, and for how long poor or lost, of times by `quality/reason`."""
    fair = poor = 0
    for word, ms in quality.items():
        grade = word.partition("/")[0]
        if grade == _FAIR:
            fair += ms
        elif grade in _POOR:
            poor += ms
    return fair, poor


def _cause(reason: str, network: Network) -> Cause:
    if reason == Reason.DELAY:
        return Cause.DISTANCE if network.measure("rtt_ms").least >= FAR_MS else Cause.QUEUES
    return _CAUSE_OF[reason]


def _rate(fair_ms: int, poor_ms: int, network: Network) -> Rating:
    whole = max(network.connected_ms, fair_ms + poor_ms)
    if poor_ms and poor_ms * 1000 >= whole * POOR_PER_MILLE:
        return Rating.POOR
    if network.reconnects >= RECONNECTS:
        return Rating.POOR
    if fair_ms + poor_ms and (fair_ms + poor_ms) * 1000 >= whole * FAIR_PER_MILLE:
        return Rating.FAIR
    return Rating.GOOD


def _main(bad: Mapping[Cause, int], network: Network, rating: Rating) -> Cause | None:
    """What took the most time; of equals the first in Cause's order."""
    if rating is Rating.GOOD:
        return None
    if network.reconnects >= RECONNECTS or not any(bad.values()):
        return Cause.CUT_OFF
    return max(Cause, key=lambda one: bad.get(one, 0))


def reconnects(connections: Sequence[Connection]) -> int:
    """How often somebody came back soon after the last of their connections had ended. A second device beside
    the first is none."""
    found, until = 0, None
    for start, end in sorted(one.interval for one in connections):
        if end < start:
            continue
        if until is not None and until <= start <= until + RECONNECTED_WITHIN_MS:
            found += 1
        until = end if until is None else max(until, end)
    return found
