"""Validates what a call brings: path, query and body; all that is wrong is told at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, get_origin

from aiohttp import web
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from vtp.errors import FieldError, Invalid, TooLarge
from vtp.http.errors import MalformedBody, UnsupportedMediaType
from vtp.http.routing import Route
from vtp.json_bounds import MOST_VALUES, has_more_values

JSON_TYPE = "application/json"
MOST_FAULTS = 100
"""That are told of at once."""
MOST_CHARACTERS = 200
"""Of where one of them is."""


def check_content_type(route: Route, request: web.Request, has_body: bool) -> None:
    """Raises UnsupportedMediaType for a body of a kind that the route does not take."""
    if not has_body:
        return
    given = request.content_type if "Content-Type" in request.headers else ""
    wanted = route.raw_body or (JSON_TYPE,)
    if given in wanted or (route.body is not None and given.endswith("+json")):
        return
    raise UnsupportedMediaType(f"Send the body as {' or '.join(wanted)}; it came as {given or 'nothing'}.")


def parse_body(model: type[BaseModel], data: bytes, required: bool = True) -> BaseModel | None:
    """Validates a JSON body; raises MalformedBody for what is not JSON, Invalid for what does not fit,
    TooLarge for more values than any call needs."""
    if not data:
        if not required:
            return None
        data = b"{}"
    if has_more_values(data, MOST_VALUES):
        raise TooLarge(f"The body has more than {MOST_VALUES} values.")
    try:
        parsed = model.model_validate_json(data, strict=True)  # "1" and 1 are no `true`
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        if details and details[0]["type"] == "json_invalid":
            reason = details[0]["msg"].removeprefix("Invalid JSON: ")
            raise MalformedBody(f"The body is not well-formed JSON: {reason}.") from None
        raise Invalid(
            "The body is not acceptable; `errors` says where.",
            errors=[_field("", item) for item in details[:MOST_FAULTS]],
        ) from None
    if b"\\u0000" in data:
        refuse_nul(json.loads(data), "")
    return parsed


def parse_query(model: type[BaseModel], request: web.Request) -> BaseModel:
    """Validates the query string; a field that is a list takes every value of its name."""
    query = request.query
    values: dict[str, Any] = {}
    for name in query:
        info = model.model_fields.get(name)
        many = info is not None and get_origin(info.annotation) is list
        values[name] = query.getall(name) if many else query[name]
    refuse_nul(values, "/query")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise Invalid(
            "The query is not acceptable; `errors` says where.",
            errors=[_field("/query", item) for item in details[:MOST_FAULTS]],
        ) from None


def read_path(request: web.Request) -> dict[str, str]:
    """The path's parts by name; raises Invalid for one with a NUL character, which no name here has."""
    path = dict(request.match_info)
    refuse_nul(path, "/path")
    return path


def _field(prefix: str, item: ErrorDetails) -> FieldError:
    message = item["msg"].removeprefix("Value error, ")
    return FieldError(prefix + _pointer_of(item["loc"]), message)


def _pointer_of(way: Sequence[str | int]) -> str:
    """RFC 6901; of a way that somebody made long, so much as one can read."""
    parts = (str(part)[:MOST_CHARACTERS].replace("~", "~0").replace("/", "~1") for part in way)
    return "".join(f"/{part}" for part in parts)[:MOST_CHARACTERS]


def refuse_nul(value: Any, pointer: str) -> None:
    """PostgreSQL cannot store U+0000 in text, and no text here needs it. Raises Invalid."""
    way = _way_to_nul(value)
    if way is not None:
        at = pointer + _pointer_of(way)
        raise Invalid("The input is not acceptable.", errors=[FieldError(at, "contains a NUL character")])


def _way_to_nul(value: Any) -> list[str | int] | None:
    """To a text with U+0000. Ways are not made as one goes: of long names within each other they are as long
    as all that was sent, at each of many values."""
    if isinstance(value, str):
        return [] if "\x00" in value else None
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        if isinstance(key, str) and "\x00" in key:
            return [key]
        way = _way_to_nul(item)
        if way is not None:
            return [key, *way]
    return None
