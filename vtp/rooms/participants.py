"""What is known of the person behind a connection to a room."""

from dataclasses import dataclass
from datetime import UTC, datetime

from vtp.accounts.permissions import STAFF
from vtp.errors import FieldError, Invalid
from vtp.http.identity import Principal, Role
from vtp.http.text import check_line
from vtp.ids import new_id
from vtp.media.media_transport import MediaTransport
from vtp.rooms.device_kinds import Device
from vtp.rooms.visitors import Visitor, visitor_of

MAX_NAME_CHARACTERS = 200
APP_DATA_KEY = "participant"
NAMELESS = "Guest"  # the name of who gave none


@dataclass(slots=True, eq=False)
class Participant:
    """One connection of somebody to a room; the same account on two devices is two participants.

    `principal` is what rights are asked with: the token's, in the role that they have in this room now.
    """

    participant_id: str
    principal: Principal
    full_name: str
    is_producer: bool
    joined_at: datetime
    given_user_id: str = ""
    """What a service calls somebody who has no account here; shown, and never a right."""
    address: str = ""
    """Where they called from; empty for those whom a service brings. Shown to nobody."""
    device: Device | None = None
    """As their browser says."""
    guest_key: str = ""
    """By what a guest's browser knows itself when it comes again; a secret of theirs, and never a right."""
    in_main_only: bool = False
    """Whether they never go into a group: WHIP and WHEP know of none."""

    @property
    def user_id(self) -> str | None:
        """Their account, if they have one."""
        return self.principal.user_id

    @property
    def role(self) -> Role:
        """Their role in this room now."""
        return self.principal.role

    @property
    def identity(self) -> str:
        """The same for everybody who is there by this account, else by this link."""
        return self.principal.limit_key

    @property
    def visitor(self) -> Visitor | None:
        """By what they are known when they come again."""
        return visitor_of(self.principal, self.address)

    @property
    def is_staff(self) -> bool:
        """Whether they help to hold the class."""
        return self.role in STAFF


def join(
    principal: Principal,
    *,
    is_producer: bool,
    full_name: str | None = None,
    participant_id: str = "",
    given_user_id: str = "",
    address: str = "",
    device: Device | None = None,
    guest_key: str = "",
    in_main_only: bool = False,
) -> Participant:
    """The participant that a principal becomes by connecting now.

    `full_name` is what they call themselves: it counts for guests whose link names nobody, and in open
    rooms. Services choose the id of theirs, and may say what they call them. Raises Invalid for a
    `full_name` that is no name.
    """
    known = "" if principal.open_rooms else principal.full_name
    return Participant(
        participant_id=participant_id or new_id(),
        principal=principal,
        full_name=known or _checked(full_name or "") or NAMELESS,
        is_producer=is_producer,
        joined_at=datetime.now(UTC),
        given_user_id=given_user_id,
        address=address,
        device=device,
        guest_key=guest_key,
        in_main_only=in_main_only,
    )


def _checked(name: str) -> str:
    try:
        if len(name) > MAX_NAME_CHARACTERS:
            raise ValueError(f"a name has at most {MAX_NAME_CHARACTERS} characters")
        return check_line(name)
    except ValueError as error:
        raise Invalid("This is no name.", errors=[FieldError("/full_name", str(error))]) from None


def participant_of(transport: MediaTransport) -> Participant | None:
    """Whose transport this is, as its maker noted in `app_data`."""
    participant = transport.app_data.get(APP_DATA_KEY)
    return participant if isinstance(participant, Participant) else None
