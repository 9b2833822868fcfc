"""What crosses the wire about rungs and connections. Names are the older contract's; rates are kbit/s."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.streaming.abr import Advice, Level
from vtp.streaming.abr_reports import SegmentReport, Sums

MOST_KBPS = 100_000_000
MOST_MS = 3_600_000
MOST_BYTES = 10_000_000_000
_AT = "2026-09-01T08:00:00Z"

Kbps = Annotated[float, Field(ge=0, le=MOST_KBPS, allow_inf_nan=False)]
Milliseconds = Annotated[float, Field(ge=0, le=MOST_MS, allow_inf_nan=False)]


class AskQuality(BaseModel):
    """What a connection carries, in kbit/s."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"bandwidth": 1800}]})

    bandwidth: Kbps


class QualityAdvice(BaseModel):
    """The largest rung that such a connection carries: whose `BANDWIDTH` in master.m3u8 is not above it. Of
    sound alone there is neither `resolution` nor `frame_rate`. `bitrate_level` counts from the smallest, 0.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "bitrate_level": 1,
                    "bitrate_label": "480p",
                    "recommended_bitrate_kbps": 1250,
                    "resolution": "854x480",
                    "frame_rate": 30.0,
                    "message": "This connection carries 480p.",
                    "timestamp": _AT,
                }
            ]
        }
    )

    bitrate_level: int
    bitrate_label: str
    recommended_bitrate_kbps: int
    resolution: str | None
    frame_rate: float | None
    message: str
    timestamp: datetime

    @classmethod
    def of(cls, level: Level, bandwidth_kbps: float) -> Self:
        """Describes the rung that was found."""
        fits = level.kbps <= bandwidth_kbps
        less = f"This connection carries nothing that there is: {level.label} is the smallest."
        return cls(
            bitrate_level=level.number,
            bitrate_label=level.label,
            recommended_bitrate_kbps=level.kbps,
            resolution=level.resolution,
            frame_rate=level.frame_rate,
            message=f"This connection carries {level.label}." if fits else less,
            timestamp=datetime.now(UTC),
        )


class SegmentMetrics(BaseModel):
    """A segment as it came to a player, and how full its buffer was then."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "segment_number": 12,
                    "request_time_ms": 40,
                    "download_time_ms": 380,
                    "bytes_downloaded": 512_000,
                    "bitrate_kbps": 1250,
                    "buffer_occupancy_percent": 80,
                }
            ]
        }
    )

    segment_number: Annotated[int, Field(ge=0, le=10_000_000)]
    request_time_ms: Annotated[Milliseconds, Field(description="Until its first byte.")] = 0
    download_time_ms: Annotated[Milliseconds, Field(description="Until its last one, from the first.")]
    bytes_downloaded: Annotated[int, Field(ge=0, le=MOST_BYTES)]
    bitrate_kbps: Annotated[Kbps, Field(description="Of the rung that it is of.")]
    buffer_occupancy_percent: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]

    @property
    def report(self) -> SegmentReport:
        """The same as it is kept."""
        return SegmentReport(
            self.segment_number,
            self.request_time_ms,
            self.download_time_ms,
            self.bytes_downloaded,
            self.bitrate_kbps,
            self.buffer_occupancy_percent,
        )


class MetricsTaken(BaseModel):
    """What follows from a player's newest reports; the player decides."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "accepted": True,
                    "message": "The connection carries 10778 kbit/s.",
                    "current_bitrate_kbps": 1250,
                    "should_upscale": True,
                    "should_downscale": False,
                    "timestamp": _AT,
                }
            ]
        }
    )

    accepted: bool
    message: str
    current_bitrate_kbps: int
    should_upscale: bool
    should_downscale: bool
    timestamp: datetime

    @classmethod
    def of(cls, advice: Advice, carried_kbps: float | None) -> Self:
        """Says what to do, and by what."""
        known = f"The connection carries {carried_kbps or 0:.0f} kbit/s."
        return cls(
            accepted=True,
            message=known if carried_kbps is not None else "What the connection carries is not known yet.",
            current_bitrate_kbps=advice.current.kbps,
            should_upscale=advice.up,
            should_downscale=advice.down,
            timestamp=datetime.now(UTC),
        )


class NetworkStats(BaseModel):
    """What the connections of these viewers carried lately; null where nobody has reported."""

    viewers: int
    average_bandwidth_kbps: float | None
    min_bandwidth_kbps: float | None
    max_bandwidth_kbps: float | None
    average_request_time_ms: float
    total_bytes_downloaded: int


class AbrStats(BaseModel):
    """The sum of the newest reports: of all viewers for who may change the recording, else of one's own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "current_bitrate_kbps": 1250,
                    "available_bitrates_kbps": [420, 1250, 2600],
                    "optimal_bitrate_kbps": 2600,
                    "recent_segments_count": 10,
                    "average_download_time_ms": 380.0,
                    "average_buffer_health_percent": 80.0,
                    "network_stats": {
                        "viewers": 1,
                        "average_bandwidth_kbps": 10778.9,
                        "min_bandwidth_kbps": 10778.9,
                        "max_bandwidth_kbps": 10778.9,
                        "average_request_time_ms": 40.0,
                        "total_bytes_downloaded": 5_120_000,
                    },
                    "timestamp": _AT,
                }
            ]
        }
    )

    current_bitrate_kbps: Annotated[float, Field(description="Reported last, on average; 0: nobody has.")]
    available_bitrates_kbps: list[int]
    optimal_bitrate_kbps: Annotated[int, Field(description="The smallest while nobody has reported.")]
    recent_segments_count: int
    average_download_time_ms: float
    average_buffer_health_percent: float
    network_stats: NetworkStats
    timestamp: datetime

    @classmethod
    def of(cls, levels: list[Level], optimal: Level, sums: Sums) -> Self:
        """As of now."""
        return cls(
            current_bitrate_kbps=round(sums.bitrate_kbps, 1),
            available_bitrates_kbps=[one.kbps for one in levels],
            optimal_bitrate_kbps=optimal.kbps,
            recent_segments_count=sums.reports,
            average_download_time_ms=round(sums.download_ms, 1),
            average_buffer_health_percent=round(sums.buffer_percent, 1),
            network_stats=NetworkStats(
                viewers=sums.sessions,
                average_bandwidth_kbps=_rounded(sums.carried_kbps),
                min_bandwidth_kbps=_rounded(sums.slowest_kbps),
                max_bandwidth_kbps=_rounded(sums.fastest_kbps),
                average_request_time_ms=round(sums.request_ms, 1),
                total_bytes_downloaded=sums.bytes,
            ),
            timestamp=datetime.now(UTC),
        )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
