"""Who writes in a class's chat to whom, who reads what, and what a message may say. No I/O."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from vtp.accounts.permissions import STAFF, Action, require
from vtp.errors import Forbidden
from vtp.http.identity import Principal, Role
from vtp.rooms.groups import MAIN
from vtp.rooms.participants import Participant
from vtp.rooms.store import Room

MAX_TEXT_CHARACTERS = 4000
_ACCOUNT = "user:"
_LAYOUT = "\n\t"


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote a message, or whom it is for, as they were when it was written.

    `person` is the same wherever somebody comes back as the person they were; see `person_of`.
    """

    person: str
    participant_id: str
    full_name: str
    role: Role

    @property
    def user_id(self) -> str | None:
        """Their account, if they have one."""
        return self.person.removeprefix(_ACCOUNT) if self.person.startswith(_ACCOUNT) else None


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message as it is stored. `group` is the one that it was written in; private ones are in none."""

    id: str
    room_id: str
    group: str
    sender: Writer
    to: Writer | None
    text: str
    reply_to: str | None
    sent_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What somebody may read of one room's chat: what was written to all in some groups (None: in every one),
    and what is private between them and another.
    """

    room_id: str
    person: str
    groups: frozenset[str] | None

    def shows(self, message: ChatMessage) -> bool:
        """Whether a message of this room is theirs to read."""
        if message.to is not None:
            return self.person in (message.sender.person, message.to.person)
        return self.groups is None or message.group in self.groups


def person_of(principal: Principal, participant_id: str) -> str:
    """An account is a person, and so is a link that was made for somebody by name. A link for many is not:
    of those, everybody is a person for as long as they are in the room.
    """
    if principal.user_id is not None or (principal.room is not None and principal.full_name):
        return principal.limit_key
    return f"participant:{participant_id}"


def writer_of(participant: Participant) -> Writer:
    """A participant as a message names them."""
    person = person_of(participant.principal, participant.participant_id)
    return Writer(person, participant.participant_id, participant.full_name, participant.role)


def view_from(room_id: str, person: str, group: str) -> View:
    """What somebody reads while they are in a group of the room."""
    return View(room_id, person, frozenset({MAIN, group}))


def require_to_write(principal: Principal, to: Role | None, room: Room) -> None:
    """Raises Forbidden for who may not write to all now, or not in private to somebody of this role."""
    if to is None:
        require(principal, Action.ROOM_CHAT, room)
        return
    require(principal, Action.ROOM_WATCH, room)
    allowed = room.rules.private_chat
    if allowed == "nobody":
        raise Forbidden("Private messages are switched off in this room.", code="no_private_chat")
    if allowed == "staff" and not {principal.role, to} & STAFF:
        raise Forbidden("In this room you can write in private to staff only.", code="no_private_chat")


def require_to_delete(principal: Principal, person: str, message: ChatMessage, room: Room) -> None:
    """Raises Forbidden unless it is their own message, or they are staff and its writer is not above them."""
    require(principal, Action.ROOM_WATCH, room)
    if message.sender.person == person:
        return
    require(principal, Action.ROOM_MODERATE, room)
    if message.sender.role.rank > principal.role.rank:
        raise Forbidden(
            f"You cannot do this to somebody with the role {message.sender.role}.", code="above_your_role"
        )


def check_text(value: str) -> str:
    """Gives a message's text with line feeds alone at the ends of lines, else as it was written.

    Raises ValueError with a sentence: for nothing to read, and for characters that no keyboard makes.
    """
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise ValueError("there is nothing to read in it")
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in _LAYOUT for c in text):
        raise ValueError("control characters are not allowed here, but line breaks and tabs")
    return text


def fold(text: str) -> str:
    """What is searched, and searched for: the same on every database, whatever language it is set up for.

    Case is folded after Unicode's rules (ẞ is ss), and an accent counts the same however it is composed.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
