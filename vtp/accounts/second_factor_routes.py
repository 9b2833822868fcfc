"""Second factors over HTTP: one's own is set up, asked for and switched off; admins reset somebody's."""

from typing import Any, Final

from aiohttp import web

from vtp.accounts.reauthentication import Reauthentication
from vtp.accounts.replies import origin_of
from vtp.accounts.second_factor import SecondFactor
from vtp.accounts.second_factor_schemas import (
    BackupCodesReply,
    CodeRequest,
    CodesLeftReply,
    DisableFactorRequest,
    FactorReply,
    SetupFactorReply,
    SetupFactorRequest,
    VerifiedReply,
)
from vtp.accounts.service import account_of
from vtp.http.routing import Access, Call, Limit, RouteTable

AT = "/api/v1/auth/2fa"
_TRY: Final[dict[str, Any]] = {"limit": Limit.CONFIRM, "errors": (403, 409, 429)}
"""Of calls that take a code or a password, which nobody may guess at."""
_BEGINNING: Final[dict[str, Any]] = {
    **_TRY,
    "access": Access.VERIFIED,  # who registered somebody's address must not lock its owner out
    "without_second_factor": True,
}


def build_routes(factor: SecondFactor, people: Reauthentication) -> RouteTable:
    """Declares everything under `/api/v1/auth/2fa`."""
    table = RouteTable("second factor", "Codes of an authenticator app beside the password.")
    _setting_up(table, factor, people)
    _using(table, factor)
    _resetting(table, factor)
    return table


def _setting_up(table: RouteTable, factor: SecondFactor, people: Reauthentication) -> None:
    @table.get(
        AT,
        reply=FactorReply,
        summary="Tell whether one's second factor is on",
        errors=(403,),
        without_second_factor=True,
    )
    async def second_factor(call: Call) -> FactorReply:
        standing = await factor.standing(account_of(call.principal))
        return FactorReply(
            enabled=standing.enabled_at is not None,
            enabled_at=standing.enabled_at,
            backup_codes_left=standing.codes.left,
        )

    @table.post(
        f"{AT}/setup",
        body=SetupFactorRequest,
        reply=SetupFactorReply,
        **_BEGINNING,
        summary="Make a second factor's secret",
        description="It counts once `enable` has taken a code of it.",
    )
    async def set_up_second_factor(call: Call) -> SetupFactorReply:
        user = await people.confirm(call.principal, call.body.password, origin_of(call))
        setup = await factor.set_up(user, origin_of(call))
        return SetupFactorReply(secret=setup.secret, otpauth_uri=setup.otpauth_uri, qr_svg=setup.qr_svg)

    @table.post(
        f"{AT}/enable",
        body=CodeRequest,
        reply=BackupCodesReply,
        **_BEGINNING,
        summary="Switch one's second factor on",
        description="With a code of the app that was set up; gives the backup codes.",
    )
    async def enable_second_factor(call: Call) -> BackupCodesReply:
        codes = await factor.enable(account_of(call.principal), call.body.code, origin_of(call))
        return BackupCodesReply(backup_codes=codes)

    @table.post(
        f"{AT}/disable",
        body=DisableFactorRequest,
        **_TRY,
        status=204,
        summary="Switch one's second factor off",
    )
    async def disable_second_factor(call: Call) -> web.StreamResponse | None:
        body: DisableFactorRequest = call.body
        await people.confirm(call.principal, body.password, origin_of(call))
        await factor.disable(account_of(call.principal), body.code, origin_of(call))
        return None


def _using(table: RouteTable, factor: SecondFactor) -> None:
    @table.post(
        f"{AT}/verify",
        body=CodeRequest,
        reply=VerifiedReply,
        **_TRY,
        summary="Check a code of one's second factor",
        description="The code is used up by it.",
    )
    async def verify_second_factor(call: Call) -> VerifiedReply:
        await factor.check(account_of(call.principal), call.body.code, origin_of(call))
        return VerifiedReply()

    @table.get(
        f"{AT}/backup-codes",
        reply=CodesLeftReply,
        summary="Count one's unused backup codes",
        errors=(403,),
        without_second_factor=True,
    )
    async def backup_codes(call: Call) -> CodesLeftReply:
        codes = (await factor.standing(account_of(call.principal))).codes
        return CodesLeftReply(left=codes.left, created_at=codes.created_at)

    @table.post(
        f"{AT}/backup-codes/regenerate",
        body=CodeRequest,
        reply=BackupCodesReply,
        **_TRY,
        summary="Make new backup codes",
        description="The old ones are good for nothing from then on.",
    )
    async def regenerate_backup_codes(call: Call) -> BackupCodesReply:
        codes = await factor.renew_codes(account_of(call.principal), call.body.code, origin_of(call))
        return BackupCodesReply(backup_codes=codes)


def _resetting(table: RouteTable, factor: SecondFactor) -> None:
    @table.post(
        "/api/v1/users/{user_id}/reset-2fa",
        status=204,
        summary="Remove somebody's second factor",
        description="For administrators; the person is told by mail.",
        errors=(403, 404),
    )
    async def reset_second_factor(call: Call) -> web.StreamResponse | None:
        await factor.reset_by_admin(call.principal, call.path["user_id"], origin_of(call))
        return None
