"""A job as it is at its beginning."""

from datetime import datetime

from vtp.ids import new_id
from vtp.jobs.store import Job, Kind, State


def new_job(recording_id: str, kind: Kind, now: datetime) -> Job:
    """To be tried at once."""
    return Job(new_id(), recording_id, kind, State.QUEUED, now, now, now)
