"""Addresses and passwords over HTTP, for who is not signed in (by links in mails) and who is."""

from __future__ import annotations

from typing import Any, Final

from vtp.accounts.credential_schemas import (
    ChangeEmailRequest,
    ChangePasswordRequest,
    EmailRequest,
    PasswordChangedReply,
    ResetPasswordRequest,
    ResetTokenReply,
    TokenRequest,
    VerifiedReply,
)
from vtp.accounts.devices import Devices
from vtp.accounts.recovery import Recovery
from vtp.accounts.replies import origin_of, remember_device
from vtp.accounts.schemas import MessageReply
from vtp.accounts.verification import Verification
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.mail.addresses import masked

AUTH = "/api/v1/auth"
_BY_LINK: Final[dict[str, Any]] = {"access": Access.PUBLIC, "limit": Limit.LINK}
"""Of calls whose token says who asks: it was mailed, and nobody may guess at it."""
_FOR_A_MAIL: Final[dict[str, Any]] = {
    "body": EmailRequest,
    "reply": MessageReply,
    "access": Access.PUBLIC,
    "limit": Limit.RECOVER,
}
MAILED = (
    "If there is an account with this address, a mail is on its way. Look into the spam folder too; without "
    "a mail server here, ask an administrator."
)


def build_routes(verification: Verification, recovery: Recovery, devices: Devices) -> RouteTable:
    """Declares what is about addresses and passwords under `/api/v1/auth`."""
    table = RouteTable("credentials", "Addresses and passwords: confirmed, forgotten, changed.")
    _address_routes(table, verification)
    _forgotten_routes(table, recovery, devices)
    _change_routes(table, verification, recovery)
    return table


def _address_routes(table: RouteTable, verification: Verification) -> None:
    @table.post(
        f"{AUTH}/verify-email",
        body=TokenRequest,
        reply=VerifiedReply,
        **_BY_LINK,
        summary="Confirm an address with a link's token",
        errors=(409, 410),
    )
    async def verify_email(call: Call) -> VerifiedReply:
        body: TokenRequest = call.body
        user = await verification.verify(body.token, origin_of(call))
        return VerifiedReply(message="Your address is confirmed.", email=user.email)

    @table.post(
        f"{AUTH}/resend-verification",
        **_FOR_A_MAIL,
        summary="Ask for the confirmation's link again",
        description="Answered alike whether or not there is such an account; once a minute for an address.",
    )
    async def resend_verification(call: Call) -> MessageReply:
        body: EmailRequest = call.body
        await verification.resend(body.email)
        return MessageReply(message=MAILED)


def _forgotten_routes(table: RouteTable, recovery: Recovery, devices: Devices) -> None:
    @table.post(
        f"{AUTH}/forgot-password",
        **_FOR_A_MAIL,
        summary="Ask for a link to choose a new password",
        description="Answered alike with an account and without; three times an hour for an address.",
    )
    async def forgot_password(call: Call) -> MessageReply:
        body: EmailRequest = call.body
        await recovery.forgot(body.email)
        return MessageReply(message=MAILED)

    @table.post(
        f"{AUTH}/verify-reset-token",
        body=TokenRequest,
        reply=ResetTokenReply,
        **_BY_LINK,
        summary="Ask whether a link for a new password is good",
        errors=(410,),
    )
    async def verify_reset_token(call: Call) -> ResetTokenReply:
        body: TokenRequest = call.body
        user = await recovery.account_of(body.token)
        return ResetTokenReply(valid=True, email=masked(user.email))

    @table.post(
        f"{AUTH}/reset-password",
        body=ResetPasswordRequest,
        reply=MessageReply,
        **_BY_LINK,
        summary="Choose a new password with a link's token",
        description="Ends all sessions and signs nobody in. Where a second factor is on, it asks for a code.",
        errors=(401, 410),
    )
    async def reset_password(call: Call) -> MessageReply:
        body: ResetPasswordRequest = call.body
        user = await recovery.reset(body.token, body.new_password, origin_of(call), body.totp)
        remember_device(call, devices, user.email)  # it belongs to who has the mailbox
        return MessageReply(message="Your new password is set, and all sessions are ended: sign in with it.")


def _change_routes(table: RouteTable, verification: Verification, recovery: Recovery) -> None:
    @table.post(
        f"{AUTH}/change-password",
        body=ChangePasswordRequest,
        reply=PasswordChangedReply,
        summary="Change one's own password",
        errors=(403,),
    )
    async def change_password(call: Call) -> PasswordChangedReply:
        body: ChangePasswordRequest = call.body
        ended = await recovery.change(
            call.principal,
            body.current_password,
            body.new_password,
            origin_of(call),
            end_other_sessions=body.end_other_sessions,
        )
        return PasswordChangedReply(message="Your password is changed.", ended_sessions=len(ended))

    @table.post(
        f"{AUTH}/change-email",
        body=ChangeEmailRequest,
        reply=MessageReply,
        summary="Change one's own address, once the new one is confirmed",
        description="The old address is told. One that has an account is answered alike.",
        errors=(403,),
    )
    async def change_email(call: Call) -> MessageReply:
        body: ChangeEmailRequest = call.body
        await verification.change(call.principal, body.new_email, body.password, origin_of(call))
        return MessageReply(
            message="Follow the link that is mailed to the new address; until then the old one stays."
        )
