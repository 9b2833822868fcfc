"""Everybody's connections over HTTP, under their room: for staff to read."""

from __future__ import annotations

from vtp.http.routing import Call, RouteTable
from vtp.rooms.connection_schemas import RoomConnections
from vtp.rooms.connections import Connections


def build_routes(connections: Connections) -> RouteTable:
    """Declares the one route."""
    table = RouteTable("connections", "How well networks carry a class.")

    @table.get(
        "/api/v1/rooms/{room}/connections",
        reply=RoomConnections,
        summary="See the figures of everybody's connections in a room",
        errors=(403, 404),
    )
    async def list_connections(call: Call) -> RoomConnections:
        return await connections.read(call.principal, call.path["room"])

    return table
