"""What an edge answers: playlists, segments and parts of live streams and recordings, to who has a grant."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from aiohttp import web

from vtp.edge.address import Address, is_clock, is_file
from vtp.edge.door import Door
from vtp.edge.door import Key as Watch
from vtp.edge.entry import Entry
from vtp.edge.kept import Key
from vtp.edge.origin import Fetched
from vtp.edge.queries import directives, plain_query
from vtp.edge.shelf import Shelf
from vtp.errors import Forbidden, Malformed, NotSignedIn, Unavailable, VtpError
from vtp.http.client import Client
from vtp.http.encodings import takes_gzip
from vtp.http.etags import matches_none
from vtp.http.express import Answer, Ask, Asker, Ready
from vtp.http.keys import CLIENT
from vtp.http.ranges import wanted_of
from vtp.recording.grants import PLAIN_NAME, SECURE_NAME, cookie_below
from vtp.recording.holders import is_in_path, knows_people
from vtp.recording.media_routes import MASTER_NAME, no_such_track
from vtp.recording.passes import offered_grant


class EdgeMedia:
    """`read` is a source of `vtp.http.express`, and `handle` a handler for what that leaves."""

    def __init__(self, shelf: Shelf, door: Door, entry: Entry) -> None:
        self._shelf = shelf
        self._door = door
        self._entry = entry

    def read(self, path: str, query: str) -> Ask | None:
        """What has what is here, or soon; None for all else."""
        address = Address.of(path)
        if address is None or is_clock(address.path):  # a clock is not kept: it would be fetched twice
            return None
        plain = plain_query(address.path, query)
        return None if plain is None else partial(self._ready, address, plain)

    def _ready(self, address: Address, query: str, asker: Asker) -> Answer:
        """For who was let in a moment ago."""
        grant = address.grant or offered_grant(asker)
        watch = (address.media_id, grant, asker.client.address)
        holder = self._door.let_in(watch)
        if not holder or not _may_have(holder, address):
            return None
        key = (address.media_id, address.path, query)
        found = self._shelf.get(key)
        if found is None:
            try:
                return self._shelf.coming(key)
            except (Unavailable, Malformed):
                return None
        self._count(watch, address, found)
        fields, body = _as_taken(found, zipped=asker.zipped)
        return Ready(address.route, "".join(f"{name}: {value}\r\n" for name, value in fields).encode(), body)

    async def check(self, request: web.Request) -> web.Response:
        """Whether somebody may have what a proxy has itself: 204, or why not. It asks for the path that
        `X-Original-Path` names (nginx: `auth_request`).
        """
        address = Address.of(request.headers.get("X-Original-Path", ""))
        if address is None:
            raise web.HTTPNotFound
        await self._let_in(request, address, request[CLIENT])
        return web.Response(status=204, headers={"Cache-Control": "no-store"})

    async def handle(self, request: web.Request) -> web.Response:
        """The same for everybody else, who may have to be asked for first."""
        address = Address.of(request.path)
        if address is None:
            raise web.HTTPNotFound
        client: Client = request[CLIENT]
        watch, cookie = await self._let_in(request, address, client, renews=True)
        key: Key = (address.media_id, address.path, directives(address.path, request.query))
        found = await self._shelf.bring(key)
        answer = _answer(request, found)
        answer.headers.extend(cookie)
        if answer.status != 304:
            self._count(watch, address, found)
        return answer

    async def _let_in(
        self, request: web.Request, address: Address, client: Client, *, renews: bool = False
    ) -> tuple[Watch, Iterable[tuple[str, str]]]:
        """By the grant in the query or the cookie, else as the origin lets them in; who lacks the cookie
        gets one. What the address says comes first: the cookie may be of who sat here before. Where the grant
        is in the path, nothing else counts. `renews`: who asks for all that there is with a token and a grant
        that is worn gets another.
        """
        if address.grant:
            return await self._by_path(address, client), []
        in_cookie = request.cookies.get(SECURE_NAME if client.secure else PLAIN_NAME, "")
        token = request.headers.get("Authorization", "")
        watch = await self._by_grant(
            address, (request.query.get("grant", ""), in_cookie), client, by_token=bool(token)
        )
        if watch is None:
            if not token and is_file(address.path):  # the playlists before it have given the cookie
                raise NotSignedIn("This needs a grant: load the page again.", code="no_grant")
            watch = await self._entry.enter(address.media_id, token, client.address)
        elif renews and token and address.path.endswith(f"/{MASTER_NAME}") and self._door.is_worn(watch):
            with suppress(VtpError):  # theirs is good still
                watch = await self._entry.follow(watch, token)
        if not _may_have(self._door.holder(watch), address):
            raise no_such_track()
        _, grant, _ = watch
        header = cookie_below(address.folder, grant, secure=client.secure)
        return watch, [] if grant == in_cookie else [("Set-Cookie", header)]

    async def _by_path(self, address: Address, client: Client) -> Watch:
        watch = (address.media_id, address.grant, client.address)
        holder = self._door.holder(watch)
        if not is_in_path(holder):
            raise NotSignedIn("This address is not good any more: ask for another.", code="grant_ended")
        await self._door.require(watch)
        if not _may_have(holder, address):
            raise no_such_track()
        return watch

    async def _by_grant(
        self, address: Address, offered: Iterable[str], client: Client, *, by_token: bool
    ) -> Watch | None:
        """By the first that is good; None without one. Raises what the origin says of who holds one, unless
        a token says who calls.
        """
        refusal: Forbidden | NotSignedIn | None = None
        for grant in filter(None, offered):
            watch = (address.media_id, grant, client.address)
            holder = self._door.holder(watch)
            if not holder or is_in_path(holder):
                continue
            try:
                await self._door.require(watch)
            except (Forbidden, NotSignedIn) as error:
                refusal = refusal or error
                continue
            return watch
        if refusal is not None and not by_token:
            raise refusal
        return None

    def _count(self, watch: Watch, address: Address, found: Fetched) -> None:
        if found.status == 200 and address.track:
            self._door.count(watch, address.track, len(found.body), int(address.path.endswith(".m4s")))


def _may_have(holder: str, address: Address) -> bool:
    """Whether it is the program, or a participant's track for who may have those; by a grant that is where it
    belongs, in the path or not.
    """
    return is_in_path(holder) is bool(address.grant) and (not address.is_of_person or knows_people(holder))


def _answer(request: web.Request, found: Fetched) -> web.Response:
    """What the request wants of what the origin has answered. Raises PreconditionFailed."""
    fields, body = _as_taken(found, zipped=takes_gzip(request.headers.get("Accept-Encoding", "")))
    etag = dict(fields).get("ETag", "")
    whole = not is_file(request.path) and not matches_none(request, etag)  # parts are taken of files alone
    if found.status != 200 or not etag or whole:
        return web.Response(status=found.status, body=body, headers=fields)
    wanted = wanted_of(request, etag, len(body))
    if wanted.status == 304:
        kept = [field for field in fields if field[0] in ("ETag", "Cache-Control", "Vary")]
        return web.Response(status=304, headers=kept)
    if wanted.status == 416:
        headers = [("Content-Range", f"bytes */{len(body)}"), ("Accept-Ranges", "bytes")]
        return web.Response(status=416, headers=headers)
    if wanted.status == 206:
        fields.append(("Content-Range", f"bytes {wanted.start}-{wanted.end - 1}/{len(body)}"))
    return web.Response(status=wanted.status, body=body[wanted.start : wanted.end], headers=fields)


def _as_taken(found: Fetched, *, zipped: bool) -> tuple[list[tuple[str, str]], bytes]:
    """An answer for who takes gzip, or not."""
    fields = list(found.fields)
    if zipped or not found.zipped:
        return fields, found.body
    return [field for field in fields if field[0] != "Content-Encoding"], gzip.decompress(found.body)
