"""Invitations over HTTP: sent and taken back by staff, looked at and accepted by who has the link."""

from __future__ import annotations

from vtp.accounts.credential_schemas import TokenRequest
from vtp.accounts.devices import Devices
from vtp.accounts.invitation_schemas import (
    AcceptRequest,
    InvitationPage,
    InvitationReply,
    InvitedReply,
    InviteRequest,
)
from vtp.accounts.invitations import Acceptance, Invitations
from vtp.accounts.permissions import parse_role
from vtp.accounts.replies import login_reply, origin_of
from vtp.accounts.schemas import LoginReply
from vtp.http.pagination import PageQuery
from vtp.http.routing import Access, Call, Limit, RouteTable

BASE = "/api/v1/invitations"


def build_routes(invitations: Invitations, devices: Devices) -> RouteTable:
    """Declares everything about invitations."""
    table = RouteTable("invitations", "Inviting people to make an account, with the role that it will have.")
    _staff_routes(table, invitations)
    _guest_routes(table, invitations, devices)
    return table


def _staff_routes(table: RouteTable, invitations: Invitations) -> None:
    @table.post(
        BASE,
        body=InviteRequest,
        reply=InvitationReply,
        status=201,
        summary="Invite somebody",
        description="Teachers invite students and assistants, administrators anybody.",
        errors=(403, 409),
    )
    async def invite(call: Call) -> InvitationReply:
        body: InviteRequest = call.body
        role, watch_only = parse_role(body.role)
        made = await invitations.create(
            call.principal, body.email, body.full_name, role, watch_only, origin_of(call)
        )
        return InvitationReply.of(made)

    @table.get(
        BASE, query=PageQuery, reply=InvitationPage, summary="List invitations, newest first", errors=(403,)
    )
    async def list_invitations(call: Call) -> InvitationPage:
        query: PageQuery = call.query
        found = await invitations.page(call.principal, limit=query.limit + 1, before=query.id_position())
        page, next_cursor = query.cut(found)
        return InvitationPage(items=[InvitationReply.of(one) for one in page], next_cursor=next_cursor)

    @table.delete(BASE + "/{invitation_id}", summary="Take an invitation back", errors=(403, 404, 410))
    async def revoke_invitation(call: Call) -> None:
        await invitations.revoke(call.principal, call.path["invitation_id"], origin_of(call))

    @table.post(
        BASE + "/{invitation_id}/resend",
        reply=InvitationReply,
        summary="Send an invitation again, with a new link",
        errors=(403, 404, 410),
    )
    async def resend_invitation(call: Call) -> InvitationReply:
        return InvitationReply.of(
            await invitations.resend(call.principal, call.path["invitation_id"], origin_of(call))
        )


def _guest_routes(table: RouteTable, invitations: Invitations, devices: Devices) -> None:
    @table.post(
        "/api/v1/auth/check-invitation",
        body=TokenRequest,
        reply=InvitedReply,
        access=Access.PUBLIC,
        limit=Limit.LINK,
        summary="Ask what an invitation's link is for",
        errors=(410,),
    )
    async def check_invitation(call: Call) -> InvitedReply:
        body: TokenRequest = call.body
        found = await invitations.look(body.token)
        return InvitedReply(
            email=found.email, full_name=found.full_name, role=found.role, invited_by=found.inviter_name
        )

    @table.post(
        "/api/v1/auth/accept-invitation",
        body=AcceptRequest,
        reply=LoginReply,
        status=201,
        access=Access.PUBLIC,
        limit=Limit.LINK,
        idempotent=False,  # its answer holds tokens, which are kept nowhere
        summary="Accept an invitation: make the account and sign in",
        errors=(409, 410),
    )
    async def accept_invitation(call: Call) -> LoginReply:
        body: AcceptRequest = call.body
        said = Acceptance(body.full_name, body.password, body.phone)
        signed_in = await invitations.accept(body.token, said, origin_of(call))
        return login_reply(call, signed_in, devices, cookie_only=body.cookie)
