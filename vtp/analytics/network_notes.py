"""What is kept of somebody's connections in a class, added up as it is read. No clock and no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

from vtp.rooms.device_kinds import Device
from vtp.rooms.link_quality import Figures

MEASURES: Final = ("rtt_ms", "jitter_ms", "loss_sending", "loss_receiving")
_DIGITS: Final = 4


@dataclass(slots=True)
class Measure:
    """Of many readings: their number, what they come to, the highest and the lowest."""

    count: int = 0
    sum: float = 0.0
    most: float = 0.0
    least: float = 0.0

    def take(self, value: float) -> None:
        """One more reading."""
        self.add(Measure(1, value, value, value))

    def add(self, other: Measure) -> None:
        """Those of another connection."""
        if not other.count:
            return
        self.least = min(self.least, other.least) if self.count else other.least
        self.most = max(self.most, other.most)
        self.count += other.count
        self.sum += other.sum

    @property
    def mean(self) -> float | None:
        """None: nothing was read."""
        return self.sum / self.count if self.count else None

    @property
    def row(self) -> list[float]:
        """As it is stored."""
        return [self.count, *(round(one, _DIGITS) for one in (self.sum, self.most, self.least))]


@dataclass(slots=True)
class Network:
    """How the connections of somebody were. `readings` of which so many were `limited` (smaller pictures than
    they could watch), `withheld` (pictures left out) and `silent` (nothing came from them). `devices`: how
    many connections by each kind of them, where that is known."""

    readings: int = 0
    limited: int = 0
    withheld: int = 0
    silent: int = 0
    reconnects: int = 0
    connected_ms: int = 0
    measures: dict[str, Measure] = field(default_factory=dict)
    devices: dict[Device, int] = field(default_factory=dict)

    def take(self, figures: Figures) -> None:
        """One reading more. A round trip of nothing is one that is not known."""
        self.readings += 1
        self.limited += figures.is_limited
        self.withheld += bool(figures.withheld)
        self.silent += figures.is_silent
        for name in MEASURES:
            value = float(getattr(figures, name))
            if value > 0 or name not in ("rtt_ms", "jitter_ms"):
                self.measures.setdefault(name, Measure()).take(value)

    def add(self, other: Network) -> None:
        """Those of another connection of theirs."""
        self.readings += other.readings
        self.limited += other.limited
        self.withheld += other.withheld
        self.silent += other.silent
        self.reconnects += other.reconnects
        self.connected_ms += other.connected_ms
        for name, one in other.measures.items():
            mine = self.measures.get(name)
            if mine is None:
                mine = self.measures[name] = Measure()
            mine.add(one)
        for device, count in other.devices.items():
            self.devices[device] = self.devices.get(device, 0) + count

    @property
    def kinds_of_devices(self) -> list[Device]:
        """By which they came, in Device's order."""
        return [one for one in Device if self.devices.get(one)]

    def measure(self, name: str) -> Measure:
        """One of MEASURES; empty where nothing was read."""
        return self.measures.get(name) or Measure()

    @property
    def row(self) -> dict[str, Any]:
        """As it is stored: counts that are not 0, and measures."""
        counts = {name: value for name in _NAMES if (value := getattr(self, name))}
        devices = {"devices": dict(self.devices)} if self.devices else {}
        return counts | {name: one.row for name, one in self.measures.items()} | devices

    @classmethod
    def of_row(cls, row: Mapping[str, Any] | None) -> Self:
        """The other way; None: of a class of before this was kept."""
        said = row or {}
        found = cls(measures={name: _measure(*said[name]) for name in MEASURES if name in said})
        found.devices = {Device(name): int(count) for name, count in said.get("devices", {}).items()}
        for name in _COUNTS & said.keys():  # those that are 0 are not said
            setattr(found, name, int(said[name]))
        return found

    @classmethod
    def sum_of(cls, all_of: Iterable[Network]) -> Self:
        """Over devices and reconnections."""
        found = cls()
        for one in all_of:
            found.add(one)
        return found


_NAMES: Final = tuple(one.name for one in fields(Network) if one.name not in ("measures", "devices"))
_COUNTS: Final = frozenset(_NAMES)


def _measure(count: float, sum_: float, most: float, least: float) -> Measure:
    return Measure(int(count), sum_, most, least)
