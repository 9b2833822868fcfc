"""What is known of the person behind a connection to a room."""

from dataclasses import dataclass
from datetime import UTC, datetime

from vtp.http.identity import Principal, Role
from vtp.ids import new_id
from vtp.media.transport import WebRtcTransport

APP_DATA_KEY = "participant"


@dataclass(frozen=True, slots=True)
class Participant:
    """One connection of somebody to a room; the same account on two devices is two participants."""

    participant_id: str
    user_id: str | None
    full_name: str
    role: Role
    is_producer: bool
    joined_at: datetime


def join(principal: Principal, *, is_producer: bool) -> Participant:
    """The participant that a principal becomes by connecting now."""
    return Participant(
        participant_id=new_id(),
        user_id=principal.user_id,
        full_name=principal.full_name or "Guest",
        role=principal.role,
        is_producer=is_producer,
        joined_at=datetime.now(UTC),
    )


def participant_of(transport: WebRtcTransport) -> Participant | None:
    """Whose transport this is, as its maker noted in `app_data`."""
    participant = transport.app_data.get(APP_DATA_KEY)
    return participant if isinstance(participant, Participant) else None
