"""The services of analytics, built once, and their routes."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.analytics.intake import Intake
from vtp.analytics.lectures import Lectures
from vtp.analytics.paths import Doubled
from vtp.analytics.rollups import Rollups
from vtp.analytics.routes import add_intake_routes, add_lecture_routes
from vtp.db import Database
from vtp.http.routing import RouteTable
from vtp.recording.progress import WatchProgress
from vtp.recording.service import Recordings
from vtp.settings import AnalyticsSettings


@dataclass(frozen=True, slots=True)
class AnalyticsBase:
    """What analytics stand upon."""

    database: Database
    recordings: Recordings
    progress: WatchProgress
    settings: AnalyticsSettings


@dataclass(frozen=True, slots=True)
class AnalyticsParts:
    """Everything that is measured."""

    rollups: Rollups
    intake: Intake
    lectures: Lectures

    @classmethod
    def build(cls, base: AnalyticsBase) -> AnalyticsParts:
        """Makes the services, and has them told of what is watched."""
        rollups = Rollups(base.database, base.settings.keep_days)
        base.progress.add_teller(rollups.watched)
        return cls(
            rollups,
            Intake(base.database, base.recordings, base.progress, rollups),
            Lectures(base.database, base.recordings, rollups, base.settings.at_least),
        )


def build_routes(parts: AnalyticsParts) -> RouteTable:
    """Declares everything about analytics."""
    table = RouteTable("analytics", "Who watched what, who was there.")
    both = Doubled(table)
    add_intake_routes(both, parts.intake)
    add_lecture_routes(both, parts.lectures)
    return table
