"""Who is in a room now: what is known of the person behind each media session."""

from dataclasses import dataclass
from datetime import UTC, datetime

from vtp.http.identity import Principal, Role
from vtp.ids import new_id
from vtp.media.transport import WebRtcTransport
from vtp.rooms.live import LiveRoom

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


def participants_of(live: LiveRoom | None) -> list[Participant]:
    """Everybody in a room, in the order they came."""
    if live is None:
        return []
    found = (participant_of(transport) for transport in live.router.transports.values())
    return sorted((p for p in found if p is not None), key=lambda p: p.joined_at)
