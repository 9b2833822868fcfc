"""From results to rows: which servers were measured, under which load, and how far their runs lay apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vtp.bench.report.measures import value_of

_NAMES = {"janus": "Janus", "livekit": "LiveKit", "galene": "Galene", "vtp": "vtp"}
_DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_VARIANTS = {"as_shipped": "as shipped", "event_loops_2": "event_loops = 2"}


@dataclass
class Entry:
    """One server under one load: the medians of its runs, and each run's figures."""

    label: str
    is_vtp: bool
    load: str
    figures: Mapping[str, Any]
    runs: Sequence[Mapping[str, Any]] = field(default_factory=list)

    def spread(self, path: str) -> tuple[float, float] | None:
        """Least and largest of the runs; None for fewer than two."""
        values = [value for run in self.runs if (value := value_of(run, path)) is not None]
        return (min(values), max(values)) if len(values) > 1 else None


@dataclass(frozen=True)
class Missing:
    """A server that could not be measured, and why."""

    label: str
    reason: str
    failed_runs: int = 0
    """So many did not give figures where others did; 0: none gave any."""


def server_label(name: str, variant: str = "") -> str:
    """How a server is called in the report."""
    text = _NAMES.get(name, name)
    return f"{text}, {_VARIANTS.get(variant, variant)}" if variant else text


def vtp_label(results: Mapping[str, Any]) -> str:
    """vtp, with the settings that were changed for the run."""
    settings = {str(name): str(value) for name, value in (results.get("settings") or {}).items()}
    gather = settings.pop("VTP_MEDIA__GATHER_MS", "")
    parts = ["vtp"]
    if gather and float(gather):
        parts.append(f"gathering {float(gather):g} ms")
    parts += [f"{name.removeprefix('VTP_').lower()} = {value}" for name, value in settings.items()]
    return ", ".join(parts)


def entries_of(results: Mapping[str, Any]) -> list[Entry]:
    """All servers under all loads of one file."""
    return list(_entries(results))


def _entries(results: Mapping[str, Any]) -> Iterator[Entry]:
    for point in results.get("series") or [results]:
        load = _load(point)
        if point.get("vtp") and "unavailable" not in point["vtp"]:
            yield Entry(vtp_label(results), True, load, point["vtp"], _runs(results, point, "vtp", ""))
        for name, variants in (point.get("peers") or {}).items():
            if "unavailable" in variants:
                continue
            for variant, figures in variants.items():
                if "unavailable" not in figures:
                    runs = _runs(results, point, name, variant)
                    yield Entry(server_label(name, variant), False, load, figures, runs)


def _load(point: Mapping[str, Any]) -> str:
    """Begins with the number that loads are put in order by, if any; empty where a scenario has none."""
    if point.get("participants"):
        return f"{point['participants']} participants, {point.get('visible')} visible"
    if point.get("database"):
        return _DATABASES.get(point["database"], str(point["database"]))
    return f"{point['subscribers']} subscribers" if point.get("subscribers") else ""


def scenario_of(results: Mapping[str, Any]) -> str:
    """The section that a file belongs to: climbs to saturation have one of their own."""
    return (
        "saturate" if "saturation" in (results.get("vtp") or {}) else str(results.get("scenario", "forward"))
    )


def steps_of(results: Mapping[str, Any]) -> list[Entry]:
    """The climb of every server of one file, a load each."""
    return [
        Entry(entry.label, entry.is_vtp, f"{step['subscribers']} subscribers", step)
        for entry in entries_of(results)
        for step in (entry.figures.get("saturation") or {}).get("steps", ())
    ]


def missing_of(results: Sequence[Mapping[str, Any]]) -> list[Missing]:
    """Peers that could not be had, each once."""
    found: dict[str, Missing] = {}
    for point in (point for result in results for point in result.get("series") or [result]):
        for name, variants in (point.get("peers") or {}).items():
            if "unavailable" in variants:
                found[name] = Missing(server_label(name), str(variants["unavailable"]))
                continue
            under = f" with {point['subscribers']} subscribers" if point.get("subscribers") else ""
            for variant, figures in variants.items():
                label = server_label(name, variant) + under
                if "unavailable" in figures:
                    found[label] = Missing(label, str(figures["unavailable"]))
                elif figures.get("failed_runs"):
                    found[label] = Missing(label, str(figures.get("failure")), int(figures["failed_runs"]))
    return list(found.values())


def _runs(
    results: Mapping[str, Any], point: Mapping[str, Any], server: str, variant: str
) -> list[Mapping[str, Any]]:
    key = "database" if "database" in point else "subscribers"
    wanted = point.get(key)
    return [
        run["figures"]
        for run in results.get("runs") or []
        if run.get("server") == server
        and (run.get("variant") or "") == variant
        and run.get("figures")
        and (wanted is None or (run.get("point") or {}).get(key, wanted) == wanted)
    ]
