"""Viewers of a recording over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from vtp.accounts.routes import origin_of
from vtp.analytics.paths import Doubled
from vtp.analytics.viewers import Viewer, Viewers
from vtp.http.pagination import Page, PageQuery
from vtp.http.routing import Access, Call


class ViewerReply(BaseModel):
    """One person with one recording."""

    user_id: str
    name: str
    email: str
    watched_seconds: Annotated[float, Field(description="What was watched at least once.")]
    total_watch_time_seconds: Annotated[float, Field(description="Watching again included.")]
    completion_percentage: Annotated[float, Field(description="Never rounded up.")]
    completed_at: datetime | None
    last_watched: datetime
    sessions_count: Annotated[int, Field(description="Pages with it.")]

    @classmethod
    def of(cls, one: Viewer) -> Self:
        """Describes a viewer."""
        return cls(
            user_id=one.user_id,
            name=one.full_name,
            email=one.email,
            watched_seconds=one.watched_ms / 1000,
            total_watch_time_seconds=one.watch_time_ms / 1000,
            completion_percentage=one.per_mille / 10,
            completed_at=one.completed_at,
            last_watched=one.last_watched,
            sessions_count=one.pages,
        )


class ViewerPage(Page[ViewerReply]):
    """One page of viewers."""


def add_viewer_routes(table: Doubled, viewers: Viewers) -> None:
    """Declares the list."""

    @table.get(
        "/lecture/{recording_id}/viewers",
        query=PageQuery,
        reply=ViewerPage,
        access=Access.VERIFIED,
        summary="List who watched a recording, and how far they came",
        description="For who made it, the staff of a course that it is filed in, administrators.",
        errors=(403, 404),
    )
    async def list_lecture_viewers(call: Call) -> ViewerPage:
        query: PageQuery = call.query
        found = await viewers.page(
            call.principal,
            call.path["recording_id"],
            origin_of(call).ip,
            limit=query.limit + 1,
            before=query.id_position(),
        )
        page, next_cursor = query.cut(found)
        return ViewerPage(items=[ViewerReply.of(one) for one in page], next_cursor=next_cursor)
