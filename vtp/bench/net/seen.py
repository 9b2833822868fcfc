"""What a viewer saw of what was sent: the figures that every scenario of `vtp bench network` gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from vtp.bench.watcher import Viewing, merged_percentile_ms


class SeenFigures(TypedDict, total=False):
    """One viewer, or several added up. Rendered = complete, decodable, and within 400 ms of its time."""

    frames_sent: int
    frames_rendered: int
    """At a switch a picture may come in two encodings: at most what was sent."""
    frames_rendered_pct: float
    frames_late: int
    """Complete and decodable, but later."""
    frames_broken: int
    """Incomplete, or not decodable since one before is."""
    freezes: int
    freeze_pct: float
    """Of the time between the first and the last frame, in freezes as W3C has them (freezeCount).

    The player keeps frames back for as long as the slowest of late took, at most 400 ms.
    """
    longest_freeze_ms: float
    unbuffered_freeze_pct: float
    """The same of a player that shows each frame as soon as it is whole."""
    delay_p50_ms: float | None
    """From capture at the publisher to complete at the viewer."""
    delay_p99_ms: float | None
    missing: int
    """Packets that did not come in their turn; of these recovered by RTX, and given up."""
    recovered: int
    lost: int
    nacks: int
    plis: int
    layers: list[tuple[float, int]]
    """When which of the publisher's encodings (0 is the smallest) was first decodable, in milliseconds after
    the first picture."""
    failure: str
    """Why it saw no more; empty when it did."""


def seen_by(viewing: Viewing, frames_sent: int, marks: Sequence[int] = ()) -> SeenFigures:
    """Of its video; a viewer that had none saw nothing. `marks` are those of the publisher's encodings."""
    video = [stream for stream in viewing.streams if stream["kind"] == "video"]
    if not video:
        failure = viewing.failure or "No video came."
        return _with_share(SeenFigures(frames_sent=frames_sent, frames_rendered=0, failure=failure))
    (stream,) = video
    span_ns = stream["last_frame_ns"] - stream["first_frame_ns"]
    return _with_share(
        SeenFigures(
            frames_sent=frames_sent,
            frames_rendered=min(frames_sent, stream["frames"] - stream["frames_late"]),
            frames_late=stream["frames_late"],
            frames_broken=stream["frames_broken"] + stream["frames_undecodable"],
            freezes=stream["shown_freezes"],
            freeze_pct=round(100 * stream["shown_freeze_ns"] / span_ns, 3) if span_ns > 0 else 0.0,
            longest_freeze_ms=round(stream["shown_longest_freeze_ns"] / 1e6, 1),
            unbuffered_freeze_pct=round(100 * stream["freeze_ended_ns"] / span_ns, 3) if span_ns > 0 else 0.0,
            delay_p50_ms=_delay_ms(stream, 0.5),
            delay_p99_ms=_delay_ms(stream, 0.99),
            missing=stream["missing"],
            recovered=stream["recovered"],
            lost=stream["lost"],
            nacks=stream["nacks"],
            plis=stream["plis"],
            layers=[
                (round((at_ns - stream["first_frame_ns"]) / 1e6, 1), layer)
                for at_ns, layer in layers_of(stream, marks)
            ],
            failure=viewing.failure,
        )
    )


def layers_of(stream: dict[str, Any], marks: Sequence[int]) -> list[tuple[int, int]]:
    """When a viewer's picture came to which encoding (CLOCK_REALTIME, 0 is the smallest), in order."""
    numbers = {mark: number for number, mark in enumerate(marks)}
    return [(at_ns, numbers[mark]) for at_ns, mark in stream["switches"] if mark in numbers]


def worst_of(viewers: Sequence[SeenFigures]) -> SeenFigures:
    """The least rendered, the longest frozen: what a scenario is judged by."""
    return SeenFigures(
        frames_rendered_pct=min(one["frames_rendered_pct"] for one in viewers),
        freeze_pct=max(one.get("freeze_pct", 100.0) for one in viewers),
        longest_freeze_ms=max(one.get("longest_freeze_ms", float("inf")) for one in viewers),
    )


def _with_share(figures: SeenFigures) -> SeenFigures:
    sent = figures["frames_sent"]
    figures["frames_rendered_pct"] = round(100 * figures["frames_rendered"] / sent, 3) if sent else 0.0
    return figures


def _delay_ms(stream: dict[str, Any], share: float) -> float | None:
    return merged_percentile_ms([stream["delay"]], share)
