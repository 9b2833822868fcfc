"""A recording as somebody sees it: with the role that they have with it, which every right is asked of.

Where it is filed, that is the role that they have there, whatever their account is; of whose recording it is,
and of administrators, their account counts too. Decision 0140.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vtp.accounts.permissions import Action, can, require, standing_of
from vtp.db.prepared import Source
from vtp.http.identity import Principal
from vtp.recording.store import Recording

if TYPE_CHECKING:
    from vtp.recording.audience import Audience
    from vtp.recording.listing import Listed


@dataclass(frozen=True, slots=True)
class Seen:
    """`member`: who calls, in that role; `is_filed`: it belongs to a class, which has staff of its own."""

    recording: Recording
    member: Principal
    is_filed: bool = False

    @property
    def standing(self) -> Hashable:
        """All that rights come from besides the recording: they are the same for who has the same."""
        member = self.member
        return standing_of(member), self.recording.started_by == member.user_id, member.user_id is None

    def may(self, action: Action) -> bool:
        """Whether the caller may do this to the recording."""
        return can(self.member, action, self.recording)

    def require(self, action: Action) -> None:
        """Raises Forbidden unless they may."""
        require(self.member, action, self.recording)

    def require_to_stream(self) -> None:
        """Raises Forbidden for who may not say how many watch it: for who may change it, and the staff of
        where it is filed."""
        self.require(Action.RECORDING_START if self.is_filed else Action.RECORDING_UPDATE)

    def of(self, recording: Recording) -> Seen:
        """The same recording as it is now."""
        return self if recording is self.recording else replace(self, recording=recording)


async def see(tx: Source, audience: Audience, principal: Principal, recording: Recording) -> Seen:
    """One recording as somebody sees it; whether they may is still to be asked."""
    return (await see_all(tx, audience, principal, [recording]))[0]


async def see_all(
    tx: Source, audience: Audience, principal: Principal, recordings: Sequence[Recording]
) -> list[Seen]:
    """The same of several, by one statement."""
    if principal.user_id is None or not recordings:
        return [Seen(one, principal) for one in recordings]
    members = await audience.as_members(tx, principal, [one.id for one in recordings])
    return [_seen(one, principal, members.get(one.id)) for one in recordings]


def see_listed(audience: Audience, principal: Principal, page: Sequence[Listed]) -> list[Seen]:
    """The same of a list that was read for this person, without asking again."""
    members = audience.as_listed(principal, [one.filed for one in page])
    return [_seen(one.recording, principal, there) for one, there in zip(page, members, strict=True)]


def _seen(recording: Recording, principal: Principal, there: Principal | None) -> Seen:
    if there is None:
        return Seen(recording, principal)
    if recording.started_by == principal.user_id and principal.role.rank > there.role.rank:
        there = principal
    return Seen(recording, there, is_filed=True)
