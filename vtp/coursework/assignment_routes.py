"""Assignments and their groups over HTTP."""

from __future__ import annotations

from functools import partial

from vtp.courses.item_routes import ItemShapes, ItemTexts, add_create_route, add_item_routes
from vtp.courses.routes import COURSE
from vtp.coursework.assignment_schemas import (
    AssignmentPage,
    AssignmentReply,
    ChangeAssignment,
    CreateAssignment,
    GroupPage,
    GroupReply,
    WantedGroups,
)
from vtp.coursework.assignments import Assignments
from vtp.coursework.groups import Groups
from vtp.http.etags import etag_of_version, require_version
from vtp.http.pagination import PageQuery
from vtp.http.routing import Access, Call, RouteTable

ASSIGNMENT = COURSE + "/assignments/{assignment_id}"
_SHAPES = ItemShapes(CreateAssignment, ChangeAssignment, AssignmentReply, AssignmentReply.of)
_TEXTS = ItemTexts(
    "Add an assignment",
    "Read an assignment",
    "Change an assignment",
    "Delete an assignment with all that was handed in and graded",
)


def add_assignment_routes(table: RouteTable, assignments: Assignments, groups: Groups) -> None:
    """Declares assignments and their groups."""

    @table.get(
        COURSE + "/assignments",
        query=PageQuery,
        reply=AssignmentPage,
        access=Access.VERIFIED,
        summary="List a course's assignments, newest first",
        errors=(403, 404),
    )
    async def list_assignments(call: Call) -> AssignmentPage:
        query: PageQuery = call.query
        found = await assignments.page(
            call.principal, call.path["id"], limit=query.limit + 1, before=query.id_position()
        )
        page, next_cursor = query.cut(found)
        return AssignmentPage(items=[AssignmentReply.of(one) for one in page], next_cursor=next_cursor)

    add_create_route(table, assignments, _SHAPES, _TEXTS)
    add_item_routes(table, assignments, _SHAPES, _TEXTS)

    @table.get(
        ASSIGNMENT + "/groups",
        query=PageQuery,
        reply=GroupPage,
        access=Access.VERIFIED,
        summary="List an assignment's groups; a student has their own",
        errors=(403, 404),
    )
    async def list_assignment_groups(call: Call) -> GroupPage:
        query: PageQuery = call.query
        found, mark = await groups.page(
            call.principal,
            call.path["id"],
            call.path["assignment_id"],
            limit=query.limit + 1,
            after=query.id_position(),
        )
        page, next_cursor = query.cut(found)
        return _tagged(
            call, mark, GroupPage(items=[GroupReply.of(one) for one in page], next_cursor=next_cursor)
        )

    @table.put(
        ASSIGNMENT + "/groups",
        body=WantedGroups,
        reply=GroupPage,
        access=Access.VERIFIED,
        summary="Set all groups of an assignment",
        description="Those with an `id` stay what they are, with other names and members perhaps; a group "
        "that has begun to hand in cannot be left out (409 `group_has_work`). With `If-Match` only where all "
        "groups are as they were in the page that had this `ETag` (412 else).",
        errors=(403, 404, 409),
        if_match=True,
    )
    async def set_assignment_groups(call: Call) -> GroupPage:
        made, mark = await groups.set(
            call.principal,
            call.path["id"],
            call.path["assignment_id"],
            call.body,
            partial(require_version, call.request),
        )
        return _tagged(call, mark, GroupPage(items=[GroupReply.of(one) for one in made]))


def _tagged(call: Call, mark: str | None, page: GroupPage) -> GroupPage:
    """With what `If-Match` compares: not this page of groups alone."""
    if mark is not None:
        call.reply_headers["ETag"] = etag_of_version(mark, page)
    return page
