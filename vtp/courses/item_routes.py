"""The routes that all kinds of `CourseItems` have: one is made, read, changed, deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from vtp.accounts.replies import origin_of
from vtp.courses.items import CourseItems, Item
from vtp.courses.routes import COURSE
from vtp.http.etags import etag_of_model
from vtp.http.routing import Access, Call, Handler, RouteTable

Reply = TypeVar("Reply", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ItemTexts:
    """What the reference says of each route."""

    create: str
    get: str
    change: str
    delete: str


@dataclass(frozen=True, slots=True)
class ItemShapes(Generic[Item, Reply]):
    """What crosses the wire about one kind."""

    create: type[BaseModel]
    change: type[BaseModel]
    reply: type[Reply]
    of: Callable[[Item], Reply]


def add_create_route(
    table: RouteTable, items: CourseItems[Item], shapes: ItemShapes[Item, Reply], texts: ItemTexts
) -> None:
    """Declares how one is made."""

    async def create(call: Call) -> Reply:
        made = await items.create(call.principal, call.path["id"], call.body)
        call.reply_headers["Location"] = f"{call.request.path}/{made.id}"
        return shapes.of(made)

    table.post(
        f"{COURSE}/{items.noun}s",
        body=shapes.create,
        reply=shapes.reply,
        status=201,
        access=Access.VERIFIED,
        summary=texts.create,
        errors=(403, 404, 409),
    )(_named("create", items.noun, create))


def add_item_routes(
    table: RouteTable, items: CourseItems[Item], shapes: ItemShapes[Item, Reply], texts: ItemTexts
) -> None:
    """Declares how one is read, changed and deleted."""
    noun = items.noun
    path, name = f"{COURSE}/{noun}s/{{{noun}_id}}", f"{noun}_id"

    async def get(call: Call) -> Reply:
        return shapes.of(await items.get(call.principal, call.path["id"], call.path[name]))

    async def change(call: Call) -> Reply:
        check = call.unless_changed(shapes.of)
        changed = await items.change(call.principal, call.path["id"], call.path[name], call.body, check)
        reply = shapes.of(changed)
        call.reply_headers["ETag"] = etag_of_model(reply)
        return reply

    async def delete(call: Call) -> None:
        await items.delete(call.principal, call.path["id"], call.path[name], origin_of(call))

    table.get(path, reply=shapes.reply, access=Access.VERIFIED, summary=texts.get, errors=(403, 404))(
        _named("get", noun, get)
    )
    table.patch(
        path,
        body=shapes.change,
        reply=shapes.reply,
        access=Access.VERIFIED,
        summary=texts.change,
        description=f"With `If-Match` only the {noun} that has this `ETag` is changed (412 else).",
        errors=(403, 404, 409),
        if_match=True,
    )(_named("change", noun, change))
    table.delete(path, access=Access.VERIFIED, summary=texts.delete, errors=(403, 404, 409))(
        _named("delete", noun, delete)
    )


def _named(verb: str, noun: str, handler: Any) -> Handler:
    """Generated clients know a route by its handler's name."""
    handler.__name__ = f"{verb}_{noun}"
    return handler  # type: ignore[no-any-return]
