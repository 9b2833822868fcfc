"""Sending people away: one of them, one for good, or all of them by ending the class."""

from __future__ import annotations

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, require
from vtp.errors import Conflict, Forbidden
from vtp.http.identity import Role
from vtp.rooms.bans import Bans
from vtp.rooms.live import LiveRoom
from vtp.rooms.moderation import require_authority
from vtp.rooms.participants import NAMELESS, Participant

REMOVED = "You were removed from the room."
ENDED = "The class was ended."


class Removals:
    """What it does is in the audit log before it is done."""

    def __init__(self, bans: Bans, audit: AuditLog) -> None:
        self._bans = bans
        self._audit = audit

    async def remove(
        self, live: LiveRoom, by: Participant, other: Participant, reason: str, origin: Origin
    ) -> None:
        """Ends all that somebody has here, by any way; they may come again. Raises Forbidden, Conflict."""
        self._require_all(by, other, live)
        details = {**_named(other), "reason": reason}
        await self._note(Event.PARTICIPANT_REMOVED, live, by, origin, details)
        self._require_all(by, other, live)  # roles may have changed meanwhile, and more have come
        for one in connections_of(live, by, other):
            live.people.remove(one, reason or REMOVED)

    def _require_all(self, by: Participant, other: Participant, live: LiveRoom) -> None:
        """On another of their devices they may not have lowered their role."""
        require_sending_away(by, other, live)
        for one in connections_of(live, by, other):
            require_sending_away(by, one, live)

    async def ban(
        self, live: LiveRoom, by: Participant, other: Participant, reason: str, origin: Origin
    ) -> None:
        """Keeps somebody out, and ends all that they have here by any of their ways in.

        Raises Forbidden, Conflict.
        """
        require_sending_away(by, other, live)
        visitor = other.visitor
        if visitor is not None and visitor == by.visitor:  # their other device: it is the account's ban
            raise Conflict("You cannot ban your own account.", code="is_yourself")
        now = await self._bans.add(live, by, other, reason, origin)
        for one in now.people.participants if now is not None else []:
            if now is not None and one.visitor == visitor:
                now.people.remove(one, reason or REMOVED, banned=True)

    async def end(self, live: LiveRoom, by: Participant, reason: str, origin: Origin) -> None:
        """Ends the class for everybody. Raises Forbidden."""
        require(by.principal, Action.ROOM_MODERATE, live.room)
        await self._note(Event.ROOM_ENDED, live, by, origin, {"reason": reason})
        require(by.principal, Action.ROOM_MODERATE, live.room)
        live.ended_for_all = True
        live.close(reason or ENDED)

    async def _note(
        self, event: Event, live: LiveRoom, by: Participant, origin: Origin, details: dict[str, object]
    ) -> None:
        await self._audit.note(event, origin, actor_id=by.user_id, subject=f"room:{live.id}", details=details)


def connections_of(live: LiveRoom, by: Participant, other: Participant) -> list[Participant]:
    """All by which somebody is here whom another sends away; of one's own devices only the named one."""
    if by.visitor is not None and by.visitor == other.visitor:
        return [one for one in live.people.participants if one is other]
    return [one for one in live.people.participants if one is other or _is_same_person(one, other)]


def _is_same_person(one: Participant, other: Participant) -> bool:
    """The same account, or the link of one person; of those who share a link and a network, who has the same
    name. By WHIP and WHEP nobody says a name: there all of that link and network are taken for them.
    """
    if one.user_id is not None or other.user_id is not None:
        return one.user_id == other.user_id
    if other.principal.room is not None and other.principal.full_name:
        return one.identity == other.identity
    if other.visitor is None or one.visitor != other.visitor:
        return False
    is_named = other.full_name != NAMELESS and one.full_name == other.full_name
    return is_named or one.in_main_only


def require_sending_away(by: Participant, other: Participant, live: LiveRoom) -> None:
    """Raises Forbidden unless one may send the other away: as for all moderation, and the owner stays."""
    require_authority(by, other, live)
    if by is other:
        raise Conflict("To go yourself, leave the room.", code="is_yourself")
    owner_id = live.room.owner_id
    if owner_id is not None and other.user_id == owner_id and by.role is not Role.ADMIN:
        raise Forbidden("Only an administrator can send the room's owner away.", code="above_your_role")


def _named(participant: Participant) -> dict[str, object]:
    return {
        "participant_id": participant.participant_id,
        "user_id": participant.user_id,
        "full_name": participant.full_name,
        "role": participant.role.value,
    }
