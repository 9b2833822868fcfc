"""For whom recordings are that are filed somewhere: the members of a course, not everybody with an account.

Recordings know no courses: they ask what is given to them here.
"""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import ColumnElement, TextClause, true
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.http.identity import Principal


class Audience(Protocol):
    """Who sees what is filed."""

    async def as_member(self, tx: AsyncConnection, principal: Principal, recording_id: str) -> Principal:
        """The caller as rights see them with this recording: in the role that they have where it is filed, a
        guest where they have none; as they are for one that is filed nowhere."""

    def shown_to(self, principal: Principal) -> ColumnElement[bool] | TextClause:
        """The same for a list, over the columns of `recordings`."""


class Everybody:
    """The audience where nothing is filed anywhere."""

    async def as_member(self, tx: AsyncConnection, principal: Principal, recording_id: str) -> Principal:
        """As they are."""
        return principal

    def shown_to(self, principal: Principal) -> ColumnElement[bool] | TextClause:
        """All of it."""
        return true()
