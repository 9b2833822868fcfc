"""What others are told of recordings as they come and go."""

from dataclasses import dataclass

from vtp.recording.store import Status


@dataclass(frozen=True)
class RecordingChanged:
    """A recording has started, has stopped (its files are being finished), or has ended as `status` says."""

    recording_id: str
    status: Status
