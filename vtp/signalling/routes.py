"""WHIP and WHEP over HTTP: statuses, headers and URLs; what happens is in `whip`, `whep` and `trickle`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Protocol, TypeVar
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel, Field

from vtp.accounts.authenticator import Concerns
from vtp.accounts.guest_tokens import GuestTokens
from vtp.errors import Conflict
from vtp.http.client import Client
from vtp.http.errors import MalformedBody, respond_to_error, respond_with_status
from vtp.http.keys import CLIENT
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.media.ice_servers import IceServers
from vtp.media.ortc import UnsupportedCodec
from vtp.media.sdp_fragment import Fragment, parse_fragment
from vtp.media.sdp_offers import OfferReader
from vtp.media.sdp_ortc import NotAcceptableMedia
from vtp.media.sdp_parse import parse_session
from vtp.rooms.entrance import Entrance
from vtp.rooms.live import LiveRooms
from vtp.settings import Settings
from vtp.signalling.directory import RoomDirectory
from vtp.signalling.sessions import Face, MediaSession, Sessions
from vtp.signalling.trickle import apply_fragment, check_if_match
from vtp.signalling.whep import Choice, NotThere, Whep
from vtp.signalling.whip import Accepted, Whip


class Ends(Protocol):
    """The part of the authenticator that connections which last need."""

    @property
    def guests(self) -> GuestTokens: ...
    def add_listener(self, listener: Callable[[Concerns], None]) -> None: ...


Offer = TypeVar("Offer")

SDP_TYPE = "application/sdp"
FRAGMENT_TYPE = "application/trickle-ice-sdpfrag"
MAX_SDP_BYTES = 65_536
MAX_FRAGMENT_BYTES = 16_384
RETRY_ABSENT_S = 2
RETRY_TAKEN_S = 5
NOTICE_HEADER = "Vtp-Notice"

_OFFER_ERRORS = (400, 401, 403, 404, 406, 409, 413, 415, 503)
_SESSION_ERRORS = (401, 403, 404)
_PATCH_ERRORS = (400, 401, 403, 404, 412, 413, 415, 422, 428)


class WhepQuery(BaseModel):
    """What to watch instead of the room's program."""

    peer: Annotated[str, Field(max_length=64, description="A participant_id: all that it publishes.")] = ""
    producer: Annotated[str, Field(max_length=64, description="A producer's id: only that one.")] = ""


def build_routes(
    live_rooms: LiveRooms, entrance: Entrance, rooms: RoomDirectory, settings: Settings, ends: Ends
) -> RouteTable:
    """The routes of WHIP and WHEP, over the open rooms, the way into them and the rooms service."""
    sessions = Sessions(ends.guests.has_ended)
    ends.add_listener(sessions.end_concerned)
    table = RouteTable("media", "Publishing by WHIP (RFC 9725) and watching by WHEP.")
    servers = IceServers(settings.media)
    _add_whip(table, Whip(entrance, rooms, sessions), servers)
    _add_whep(table, Whep(live_rooms, entrance, rooms, sessions), OfferReader(), servers)
    for face in Face:
        _add_session_routes(table, face, sessions, servers)
    return table


def _add_whip(table: RouteTable, whip: Whip, servers: IceServers) -> None:
    @table.post(
        "/whip/{room}",
        raw_body=(SDP_TYPE,),
        max_body_bytes=MAX_SDP_BYTES,
        reply_types=(SDP_TYPE,),
        status=201,
        access=Access.SIGNED_IN,
        limit=Limit.MEDIA,
        summary="Publish into a room by WHIP",
        errors=_OFFER_ERRORS,
    )
    async def publish_by_whip(call: Call) -> web.StreamResponse:
        try:
            offer = _read_offer(call, parse_session)
            accepted = await whip.publish(call.principal, _address(call), call.path["room"], offer)
        except (NotAcceptableMedia, UnsupportedCodec) as error:
            return _not_acceptable(call, error)
        except Conflict as error:
            return _try_later(call, error, RETRY_TAKEN_S)
        except ValueError as error:
            raise MalformedBody(f"The offer is faulty: {error}") from error
        return _created(call, Face.WHIP, accepted, servers)

    _add_options(table, "/whip/{room}", Face.WHIP)


def _add_whep(table: RouteTable, whep: Whep, offers: OfferReader, servers: IceServers) -> None:
    @table.post(
        "/whep/{room}",
        raw_body=(SDP_TYPE,),
        max_body_bytes=MAX_SDP_BYTES,
        query=WhepQuery,
        reply_types=(SDP_TYPE,),
        status=201,
        access=Access.SIGNED_IN,
        limit=Limit.MEDIA,
        summary="Watch a room by WHEP",
        errors=_OFFER_ERRORS,
    )
    async def watch_by_whep(call: Call) -> web.StreamResponse:
        choice = Choice(call.query.peer, call.query.producer)
        try:
            offer = _read_offer(call, offers.read)
            accepted = await whep.watch(call.principal, _address(call), call.path["room"], choice, offer)
        except (NotAcceptableMedia, UnsupportedCodec) as error:
            return _not_acceptable(call, error)
        except NotThere as error:
            return _try_later(call, error, RETRY_ABSENT_S)
        except ValueError as error:
            raise MalformedBody(f"The offer is faulty: {error}") from error
        return _created(call, Face.WHEP, accepted, servers)

    _add_options(table, "/whep/{room}", Face.WHEP)


def _address(call: Call) -> str:
    client: Client = call.request[CLIENT]
    return client.address


def _add_options(table: RouteTable, path: str, face: Face) -> None:
    async def options(call: Call) -> web.StreamResponse:
        return web.Response(status=204, headers={"Accept-Post": SDP_TYPE, "Allow": "OPTIONS, POST"})

    options.__name__ = f"{face.value}_options"
    table.options(
        path,
        access=Access.PUBLIC,
        status=204,
        summary=f"What a {face.value.upper()} endpoint takes",
    )(options)


def _add_session_routes(table: RouteTable, face: Face, sessions: Sessions, servers: IceServers) -> None:
    path = f"/{face.value}/{{room}}/{{session}}"
    name = face.value.upper()

    def find(call: Call) -> MediaSession:
        return sessions.get(face, call.path["session"], call.principal)

    async def patch(call: Call) -> web.StreamResponse:
        session = find(call)
        check_if_match(session, call.request.headers.get("If-Match"))
        restarted = apply_fragment(session, _read_fragment(call))
        if restarted is None:
            return web.Response(status=204)
        response = web.Response(text=restarted.fragment, content_type=FRAGMENT_TYPE)
        response.headers["ETag"] = restarted.etag
        _name_servers(response, servers, session)
        return response

    async def delete(call: Call) -> web.StreamResponse:
        find(call).transport.close(f"The {name} session was deleted.")
        return web.Response(status=200)

    async def options(call: Call) -> web.StreamResponse:
        headers = {"Accept-Patch": FRAGMENT_TYPE, "Allow": "DELETE, OPTIONS, PATCH"}
        return web.Response(status=204, headers=headers)

    for handler in (patch, delete, options):
        handler.__name__ = f"{handler.__name__}_{face.value}_session"
    table.patch(
        path,
        raw_body=(FRAGMENT_TYPE,),
        max_body_bytes=MAX_FRAGMENT_BYTES,
        reply_types=(FRAGMENT_TYPE,),
        also=(204,),
        access=Access.SIGNED_IN,
        limit=Limit.MEDIA,
        summary=f"Trickle candidates into a {name} session, or restart its ICE",
        errors=_PATCH_ERRORS,
    )(patch)
    table.delete(
        path,
        empty=True,
        access=Access.SIGNED_IN,
        limit=Limit.MEDIA,
        summary=f"End a {name} session",
        errors=_SESSION_ERRORS,
    )(delete)
    table.options(path, access=Access.PUBLIC, status=204, summary=f"What a {name} session takes")(options)


def _read_offer(call: Call, read: Callable[[str], Offer]) -> Offer:
    try:
        return read(call.text)
    except ValueError as error:
        raise MalformedBody(f"The body is not an SDP offer: {error}") from error


def _read_fragment(call: Call) -> Fragment:
    try:
        return parse_fragment(call.text)
    except ValueError as error:
        raise MalformedBody(f"The body is not an SDP fragment: {error}") from error


def _created(call: Call, face: Face, accepted: Accepted, servers: IceServers) -> web.Response:
    """201 as RFC 9725 section 4.2 has it; the session's URL keeps the name by which the room was called."""
    session = accepted.session
    response = web.Response(status=201, text=accepted.sdp, content_type=SDP_TYPE)
    response.headers["Location"] = f"/{face.value}/{quote(call.path['room'], safe='')}/{session.id}"
    response.headers["ETag"] = session.etag
    response.headers["Accept-Patch"] = FRAGMENT_TYPE
    _name_servers(response, servers, session)
    if accepted.notice:
        response.headers[NOTICE_HEADER] = accepted.notice
    return response


def _name_servers(response: web.Response, servers: IceServers, session: MediaSession) -> None:
    """Links to the ICE servers (RFC 9725 section 4.6): credentials, so nobody may keep the answer."""
    response.headers["Cache-Control"] = "no-store"
    for link in servers.links(session.transport.id):
        response.headers.add("Link", link)


def _not_acceptable(call: Call, error: ValueError) -> web.Response:
    return respond_with_status(call.request, 406, str(error), code="media_not_acceptable")


def _try_later(call: Call, error: Conflict, after_s: int) -> web.Response:
    response = respond_to_error(call.request, error)
    response.headers["Retry-After"] = str(after_s)
    return response
