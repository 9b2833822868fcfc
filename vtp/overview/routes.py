"""How the server is and what it is set to, over HTTP."""

from __future__ import annotations

from vtp.http.routing import Call, RouteTable
from vtp.overview.schemas import ServerState, SettingsReply
from vtp.overview.service import Overview


def build_routes(overview: Overview) -> RouteTable:
    """Declares both answers; neither can be changed here."""
    table = RouteTable("overview", "How the server is and what it is set to, for its administrators.")

    @table.get("/api/v1/server/state", reply=ServerState, summary="See how the server is", errors=(403,))
    async def get_server_state(call: Call) -> ServerState:
        call.reply_headers["Cache-Control"] = "no-store"
        return await overview.state(call.principal)

    @table.get(
        "/api/v1/server/settings",
        reply=SettingsReply,
        summary="See the settings, and where each comes from",
        description="Secrets are never told, only whether they are set. Files and variables change them.",
        errors=(403,),
    )
    async def get_server_settings(call: Call) -> SettingsReply:
        call.reply_headers["Cache-Control"] = "no-store"
        return SettingsReply(items=overview.settings_in_force(call.principal))

    return table
