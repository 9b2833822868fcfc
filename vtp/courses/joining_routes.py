"""Codes, links and roles of a course over HTTP."""

from __future__ import annotations

from vtp.accounts.replies import origin_of
from vtp.accounts.service import utc_now
from vtp.courses.enrolment_schemas import (
    CreateInvitation,
    EnrolmentReply,
    GivenRole,
    GivenRolePage,
    InvitationPage,
    InvitationReply,
    InvitationTold,
    JoinRequest,
    NewInvitationReply,
    PermissionReply,
    PermissionRequest,
)
from vtp.courses.invitations import CourseInvitations, Secret
from vtp.courses.permissions import CoursePermissions
from vtp.courses.routes import BASE, COURSE
from vtp.http.pagination import PageQuery, encode_cursor
from vtp.http.routing import Access, Call, RouteTable

INVITATIONS = COURSE + "/invitations"
PERMISSIONS = COURSE + "/permissions"


def add_joining_routes(table: RouteTable, invitations: CourseInvitations) -> None:
    """Declares joining by a code or a link, whatever the course; before `/courses/{id}`."""

    @table.post(
        BASE + "/join",
        body=JoinRequest,
        reply=EnrolmentReply,
        status=201,
        access=Access.VERIFIED,
        summary="Join the course that a code or a link is for",
        errors=(403, 409, 410),
    )
    async def join_course(call: Call) -> EnrolmentReply:
        secret = Secret(call.body.code, call.body.token)
        return EnrolmentReply.of(await invitations.join(call.principal, secret, origin_of(call)))

    @table.post(
        BASE + "/join/check",
        body=JoinRequest,
        reply=InvitationTold,
        access=Access.VERIFIED,
        summary="Tell what a code or a link is for, without using it",
        errors=(403, 409, 410),
    )
    async def check_course_invitation(call: Call) -> InvitationTold:
        told = await invitations.look(call.principal, Secret(call.body.code, call.body.token))
        course = told.inside.course
        return InvitationTold(
            course_id=course.id,
            course_name=course.name,
            course_code=course.code,
            instructor_name=told.inside.seen.instructor_name,
            role=told.invitation.role,
            places_left=told.places_left,
        )


def add_invitation_routes(table: RouteTable, invitations: CourseInvitations) -> None:
    """Declares a course's codes and links, for its staff."""

    @table.post(
        INVITATIONS,
        body=CreateInvitation,
        reply=NewInvitationReply,
        status=201,
        access=Access.VERIFIED,
        summary="Make an enrolment code, or a link that is shown this once",
        errors=(403, 404, 409),
    )
    async def create_course_invitation(call: Call) -> NewInvitationReply:
        made, token, link = await invitations.create(
            call.principal, call.path["id"], call.body, origin_of(call)
        )
        return NewInvitationReply.made(made, made.created_at, token, link)

    @table.get(
        INVITATIONS,
        query=PageQuery,
        reply=InvitationPage,
        access=Access.VERIFIED,
        summary="List a course's codes and links, newest first",
        errors=(403, 404),
    )
    async def list_course_invitations(call: Call) -> InvitationPage:
        query: PageQuery = call.query
        found = await invitations.page(
            call.principal, call.path["id"], limit=query.limit + 1, before=query.id_position()
        )
        page, next_cursor = query.cut(found)
        now = utc_now()
        return InvitationPage(items=[InvitationReply.of(one, now) for one in page], next_cursor=next_cursor)

    @table.delete(
        INVITATIONS + "/{invitation_id}",
        access=Access.VERIFIED,
        summary="End a code or a link",
        errors=(403, 404),
    )
    async def revoke_course_invitation(call: Call) -> None:
        await invitations.revoke(call.principal, call.path["id"], call.path["invitation_id"], origin_of(call))


def add_permission_routes(table: RouteTable, permissions: CoursePermissions) -> None:
    """Declares roles that people are given in a course."""

    @table.post(
        PERMISSIONS,
        body=PermissionRequest,
        reply=GivenRole,
        status=201,
        access=Access.VERIFIED,
        summary="Give somebody a role in a course",
        description="In place of the one they were given before; it ranks above how they are enrolled. Who "
        "is a student by it has a place in the course for as long (409 `course_full` where none is free); "
        "who is staff by it, or only watches, needs none.",
        errors=(403, 404, 409),
    )
    async def give_course_role(call: Call) -> GivenRole:
        wish: PermissionRequest = call.body
        given = await permissions.give(
            call.principal, call.path["id"], wish.user_id, wish.role, origin_of(call)
        )
        return GivenRole.of(given)

    @table.get(
        PERMISSIONS,
        query=PageQuery,
        reply=GivenRolePage,
        access=Access.VERIFIED,
        summary="List who was given a role in a course",
        errors=(403, 404),
    )
    async def list_course_roles(call: Call) -> GivenRolePage:
        query: PageQuery = call.query
        found = await permissions.page(
            call.principal, call.path["id"], limit=query.limit + 1, after=query.id_position()
        )
        page = [GivenRole.of(one) for one in found[: query.limit]]
        more = len(found) > query.limit
        return GivenRolePage(items=page, next_cursor=encode_cursor(page[-1].user_id) if more else None)

    @table.get(
        PERMISSIONS + "/{user_id}",
        reply=PermissionReply,
        access=Access.VERIFIED,
        summary="Tell which role somebody has in a course",
        description="Everybody's for staff, and one's own.",
        errors=(403, 404),
    )
    async def get_course_role(call: Call) -> PermissionReply:
        found = await permissions.of(call.principal, call.path["id"], call.path["user_id"])
        allowed = found.role is not None
        message = f"This person is {found.role} here." if allowed else "This person has no role here."
        return PermissionReply(user_id=found.user_id, allowed=allowed, role=found.role, message=message)

    @table.delete(
        PERMISSIONS + "/{user_id}",
        access=Access.VERIFIED,
        summary="Take away the role that somebody was given in a course",
        description="How they are enrolled stays; who had a place by the role alone loses it.",
        errors=(403, 404, 409),
    )
    async def take_course_role(call: Call) -> None:
        await permissions.take(call.principal, call.path["id"], call.path["user_id"], origin_of(call))
