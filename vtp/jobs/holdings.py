"""What jobs have of a person, and what becomes of it at their erasure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Table

from vtp.jobs.tables import recording_jobs

EXEMPT: Final[Mapping[Table, str]] = {
    recording_jobs: "what the server does with recordings by itself",
}
