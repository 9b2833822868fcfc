"""Rooms over HTTP: create, list, read, delete, and who is in them."""

from datetime import UTC, datetime

from vtp.accounts.routes import origin_of
from vtp.http.pagination import PageQuery
from vtp.http.routing import Access, Call, RouteTable
from vtp.rooms.entrance import may_look_in
from vtp.rooms.live import LiveRoom, LiveRooms
from vtp.rooms.schemas import (
    AllRoomStats,
    ChangeRoom,
    CreateRoom,
    DeletedRoom,
    RoomPage,
    RoomQuery,
    RoomReply,
    RoomStats,
    SignallingHealth,
)
from vtp.rooms.service import RoomService
from vtp.rooms.store import Room


def build_routes(rooms: RoomService, live_rooms: LiveRooms) -> RouteTable:
    """Declares rooms under `/api/v1/rooms`, and under the older names in `/api/v1/signalling`."""
    table = RouteTable("rooms", "Rooms, by id or slug.")
    _reading_routes(table, rooms)
    _changing_routes(table, rooms)
    _stats_routes(table, rooms, live_rooms)
    return table


def _reading_routes(table: RouteTable, rooms: RoomService) -> None:
    @table.get("/api/v1/rooms", query=PageQuery, reply=RoomPage, summary="List rooms", errors=(403,))
    async def list_rooms(call: Call) -> RoomPage:
        query: PageQuery = call.query
        found = await rooms.list_rooms(call.principal, limit=query.limit + 1, before=query.id_position())
        page, next_cursor = query.cut(found)
        return RoomPage(
            items=[RoomReply.of(call.principal, room, rooms.live(room)) for room in page],
            next_cursor=next_cursor,
        )

    @table.get("/api/v1/rooms/{room}", reply=RoomReply, summary="Read a room", errors=(403, 404))
    async def get_room(call: Call) -> RoomReply:
        room = await rooms.get(call.principal, call.path["room"])
        there = await rooms.as_member(call.principal, room)
        return RoomReply.of(there, room, rooms.live(room), await rooms.course_of(room))


def _changing_routes(table: RouteTable, rooms: RoomService) -> None:
    @table.post(
        "/api/v1/signalling/room/create",
        body=CreateRoom,
        reply=RoomReply,
        status=201,
        while_draining=False,
        summary="Create a room",
        errors=(403, 409),
    )
    async def create_room(call: Call) -> RoomReply:
        body: CreateRoom = call.body
        settings = body.settings.model_dump()
        room = await rooms.create(call.principal, body.room_id, body.room_name, settings, origin_of(call))
        call.reply_headers["Location"] = f"/api/v1/rooms/{room.id}"
        return RoomReply.of(call.principal, room, None)

    @table.patch(
        "/api/v1/rooms/{room}",
        body=ChangeRoom,
        reply=RoomReply,
        summary="Change a room's name and some of its settings, also while people are in it",
        errors=(403, 404),
    )
    async def change_room(call: Call) -> RoomReply:
        body: ChangeRoom = call.body
        room = await rooms.change(
            call.principal, call.path["room"], origin_of(call), name=body.name, settings=body.settings
        )
        return RoomReply.of(await rooms.as_member(call.principal, room), room, rooms.live(room))

    @table.delete(
        "/api/v1/signalling/room/delete",
        query=RoomQuery,
        reply=DeletedRoom,
        summary="Delete a room and end what goes on in it",
        errors=(403, 404),
    )
    async def delete_room(call: Call) -> DeletedRoom:
        room = await rooms.delete(call.principal, call.query.room_id, origin_of(call))
        return DeletedRoom(room_id=room.id)


def _stats_routes(table: RouteTable, rooms: RoomService, live_rooms: LiveRooms) -> None:
    async def stats_for(call: Call, room: Room, live: LiveRoom | None) -> RoomStats:
        seen = False
        if live is not None:
            seen = may_look_in(await rooms.as_member(call.principal, room), origin_of(call).ip, live)
        return RoomStats.of(room, live, seen_inside=seen)

    @table.get(
        "/api/v1/signalling/health",
        reply=SignallingHealth,
        access=Access.PUBLIC,
        summary="Ask whether signalling answers",
    )
    async def signalling_health(call: Call) -> SignallingHealth:
        return SignallingHealth(rooms=len(live_rooms), timestamp=datetime.now(UTC))

    @table.get(
        "/api/v1/signalling/room/stats",
        query=RoomQuery,
        reply=RoomStats,
        summary="See who is in a room",
        errors=(403, 404),
    )
    async def room_stats(call: Call) -> RoomStats:
        room = await rooms.get(call.principal, call.query.room_id)
        return await stats_for(call, room, rooms.live(room))

    @table.get(
        "/api/v1/signalling/rooms/stats",
        reply=AllRoomStats,
        summary="See who is in the rooms that are open now",
        errors=(403,),
    )
    async def all_room_stats(call: Call) -> AllRoomStats:
        stats = [await stats_for(call, room, live) for room, live in await rooms.list_live(call.principal)]
        people = sum(room.participant_count for room in stats)
        return AllRoomStats(rooms=stats, total_rooms=len(stats), total_participants=people)
