"""For whom recordings are that are filed somewhere: the members of a course, not everybody with an account.

Recordings know no courses: they ask what is given to them here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db.prepared import Source
from vtp.http.identity import Principal
from vtp.recording.listing import EVERYTHING, Shown
from vtp.recording.store import Recording, Visibility


class Audience(Protocol):
    """Who sees what is filed."""

    async def as_members(
        self, tx: Source, principal: Principal, recording_ids: Sequence[str]
    ) -> Mapping[str, Principal]:
        """The caller in the role that they have where these recordings are filed, a guest where they have
        none; nothing of those that are filed nowhere."""

    def shown_to(self, principal: Principal) -> Shown:
        """The same for a list, over the columns of `recordings`."""

    def as_listed(self, principal: Principal, filed: Sequence[str | None]) -> list[Principal | None]:
        """What `as_members` gives of each of a list, by what is said there of where it is filed
        (`Scope.filed`); None of what is filed nowhere."""

    async def visibility_of_new(
        self, tx: AsyncConnection, room_id: str, chosen: Visibility | None
    ) -> Visibility | None:
        """For whom a recording of this room is from the start, where somebody has chosen that, or not; None
        where it is for nobody else to say than who starts it."""

    async def file_new(self, tx: AsyncConnection, recording: Recording) -> None:
        """Files a recording that was just added where those of its room belong."""


class Everybody:
    """The audience where nothing is filed anywhere."""

    async def as_members(
        self, tx: Source, principal: Principal, recording_ids: Sequence[str]
    ) -> Mapping[str, Principal]:
        """Nothing."""
        return {}

    def shown_to(self, principal: Principal) -> Shown:
        """All of it."""
        return EVERYTHING

    def as_listed(self, principal: Principal, filed: Sequence[str | None]) -> list[Principal | None]:
        """Nothing of any."""
        return [None] * len(filed)

    async def visibility_of_new(
        self, tx: AsyncConnection, room_id: str, chosen: Visibility | None
    ) -> Visibility | None:
        """As it was chosen."""
        return chosen

    async def file_new(self, tx: AsyncConnection, recording: Recording) -> None:
        """Nowhere."""
