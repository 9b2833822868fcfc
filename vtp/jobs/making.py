"""Which jobs there are, and one as it is at its beginning."""

from datetime import datetime

from vtp.ids import new_id
from vtp.jobs.store import Job, Kind, State
from vtp.settings import Settings


def kinds_of(settings: Settings) -> list[Kind]:
    """What is done with each recording that has ended: the upload first, it is what keeps it safe."""
    wanted = {Kind.UPLOAD: settings.storage.is_remote, Kind.LADDER: bool(settings.jobs.ladder)}
    return [kind for kind, is_wanted in wanted.items() if is_wanted]


def new_job(recording_id: str, kind: Kind, now: datetime) -> Job:
    """To be tried at once."""
    return Job(new_id(), recording_id, kind, State.QUEUED, now, now, now)
