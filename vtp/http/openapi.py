"""OpenAPI 3.1 from the route declarations themselves: the document says what the server does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from vtp import __version__
from vtp.http.errors import CONTENT_TYPE, SENTENCES, Problem
from vtp.http.etags import IF_MATCH, IF_NONE_MATCH
from vtp.http.idempotency import HEADER
from vtp.http.routing import Access, Limit, Route, RouteTable

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PARAMETER = re.compile(r"\{(\w+)(?::([^{}]|\{[^{}]*\})*)?\}")
_Key = tuple[type[BaseModel], JsonSchemaMode]

ACCESS_WORDS = {
    Access.PUBLIC: "Open to anybody.",
    Access.OPTIONAL: "Needs a valid token, or the token of a link, unless it is public.",
    Access.SIGNED_IN: "Needs a valid token.",
    Access.VERIFIED: "Needs a valid token of a verified or approved account, or a room token.",
    Access.SERVICE: "Needs a service token, in the header or in the path after `/sfu/t/`.",
    Access.MEDIA: "Needs a media grant (cookie or path) or a token.",
}


NEVER_REFUSED = frozenset({"/health", "/ready"})
"""Asked over plain HTTP from everywhere, by machines."""
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "Of this request: the one that it brought, or one made here; the log has it too.",
        "required": True,
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "Of what was read: send it back as `If-None-Match`, or as `If-Match` with a change.",
        "required": True,
        "schema": {"type": "string"},
    },
    "ETag-of-JSON": {
        "description": "The same where JSON is answered; files have none.",
        "schema": {"type": "string"},
    },
    "Link": {
        "description": '`<…>; rel="next"`: the next page, when there is one (RFC 8288).',
        "schema": {"type": "string"},
    },
    "Location": {"description": "Where what was made is.", "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "RFC 6750.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Idempotency-Replayed": {
        "description": "`true` where this is the kept answer of the first call with the same key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
_ERROR_HEADERS = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}


def build_document(
    tables: Sequence[RouteTable], server_url: str = "/", *, open_rooms: bool = False
) -> dict[str, Any]:
    """The whole document; every declared route is in it unless it is hidden (pages, assets).

    `open_rooms`: this machine alone is answered, so that 421 may come from everywhere.
    """
    routes = [route for table in tables for route in table.routes if not route.hidden]
    schemas, definitions = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(open_path(route.path), {})[route.method.lower()] = _operation(
            route, schemas, (421,) if open_rooms else ()
        )
    described = {table.tag: table.description for table in tables if any(not r.hidden for r in table.routes)}
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": "vtp",
            "version": __version__,
            "description": "Live classes: rooms, WHIP and WHEP, recordings, accounts. "
            "Errors are RFC 9457 problem details.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server_url}],
        "tags": [{"name": tag, "description": text or tag.capitalize()} for tag, text in described.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": definitions,
            "headers": HEADERS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def open_path(path: str) -> str:
    """aiohttp's `{name:regex}` as OpenAPI's `{name}`."""
    return _PARAMETER.sub(r"{\1}", path)


def error_statuses(route: Route) -> list[int]:
    """Every error a route can answer: the declared ones, and those that its declaration implies."""
    found = {*route.errors, 500}
    if route.path not in NEVER_REFUSED:
        found |= {403, 503}  # over plain HTTP from elsewhere, from foreign pages; without the database
    if route.access is not Access.PUBLIC:
        found.add(401)
    if route.if_match:
        found.add(412)
    if route.takes_body:
        found |= {400, 408, 413, 415, 422}
    if route.query is not None or "{" in route.path:
        found.add(422)
    if route.limit is not Limit.PLAYBACK:
        found.add(429)
    if route.idempotent:
        found |= {409, 422}
    return sorted(found)


def _schemas(routes: Iterable[Route]) -> tuple[dict[_Key, dict[str, Any]], dict[str, Any]]:
    wanted: dict[_Key, None] = {(Problem, "serialization"): None}
    for route in routes:
        if route.body:
            wanted[route.body, "validation"] = None
        if route.query:
            wanted[route.query, "validation"] = None
        if route.reply:
            wanted[route.reply, "serialization"] = None
    mapping, document = models_json_schema(list(wanted), ref_template="#/components/schemas/{model}")
    schemas = {key: schema for key, schema in mapping.items() if issubclass(key[0], BaseModel)}
    return cast("dict[_Key, dict[str, Any]]", schemas), document.get("$defs", {})


def _operation(
    route: Route, schemas: dict[_Key, dict[str, Any]], more_errors: Sequence[int]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation_id,
        "tags": [route.tag],
        "summary": route.summary,
        "description": " ".join(part for part in (route.description, ACCESS_WORDS[route.access]) if part),
        "responses": _responses(route, schemas, more_errors),
    }
    parameters = _path_parameters(route) + _query_parameters(route) + _header_parameters(route)
    if parameters:
        operation["parameters"] = parameters
    if route.takes_body:
        operation["requestBody"] = _request_body(route, schemas)
    if route.access is Access.PUBLIC:
        operation["security"] = []
    elif route.access in (Access.MEDIA, Access.OPTIONAL):
        operation["security"] = [{}, {"bearer": []}]
    else:
        operation["security"] = [{"bearer": []}]
    return operation


def _responses(
    route: Route, schemas: dict[_Key, dict[str, Any]], more_errors: Sequence[int]
) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if route.reply is not None:
        content["application/json"] = {"schema": schemas[route.reply, "serialization"]}
    for media_type in route.reply_types:
        content[media_type] = {"schema": {"type": "object" if media_type == "application/json" else "string"}}
    success = _response(route.success_status, _success_headers(route))
    if content:
        success["content"] = content
    responses: dict[str, Any] = {str(route.success_status): success}
    for status in _others(route):
        responses[str(status)] = _response(status)
    for error in sorted({*error_statuses(route), *more_errors}):
        responses[str(error)] = {
            **_response(error, _ERROR_HEADERS.get(error, ())),
            "description": SENTENCES.get(error, HTTPStatus(error).phrase),
            "content": {CONTENT_TYPE: {"schema": schemas[Problem, "serialization"]}},
        }
    for status in {206, 503}.intersection(route.also):  # a part of the same, or the same with bad news
        responses[str(status)]["content"] = content | responses[str(status)].get("content", {})
    return responses


def _others(route: Route) -> list[int]:
    """What is answered beside the success, and is no problem."""
    return sorted({*route.also, *((304,) if route.is_read else ())})


def _response(status: int, headers: Sequence[str] = ()) -> dict[str, Any]:
    parts = {_named(part): part for part in ("X-Request-ID", *headers)}
    named = {name: {"$ref": f"#/components/headers/{part}"} for name, part in parts.items()}
    return {"description": HTTPStatus(status).phrase, "headers": named}


def _named(part: str) -> str:
    """What a header of the document's components is called where it is sent."""
    return part.partition("-of-")[0]


def _success_headers(route: Route) -> list[str]:
    names = []
    if route.is_read:
        names.append("ETag-of-JSON" if route.reply_types else "ETag")
    if route.reply is not None and "next_cursor" in route.reply.model_fields:
        names.append("Link")
    if route.status == 201:
        names.append("Location")
    if route.idempotent:
        names.append("Idempotency-Replayed")
    return names


def _request_body(route: Route, schemas: dict[_Key, dict[str, Any]]) -> dict[str, Any]:
    if route.body is not None:
        content = {"application/json": {"schema": schemas[route.body, "validation"]}}
    else:
        content = {media_type: {"schema": {"type": "string"}} for media_type in route.raw_body}
    needs_fields = route.body is None or any(info.is_required() for info in route.body.model_fields.values())
    return {"required": route.body_required and needs_fields, "content": content}


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": match[1], "in": "path", "required": True, "schema": {"type": "string"}}
        for match in _PARAMETER.finditer(route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema(ref_template="#/components/schemas/{model}")
    required = set(schema.get("required", ()))
    definitions = schema.get("$defs", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": _inline(part, definitions),
            **({"description": part["description"]} if "description" in part else {}),
        }
        for name, part in schema.get("properties", {}).items()
    ]


def _inline(part: Any, definitions: dict[str, Any]) -> Any:
    """Puts an enum's definition where it is used: parameters' schemas are small."""
    if isinstance(part, dict):
        if "$ref" in part:
            return _inline(definitions[part["$ref"].rsplit("/", 1)[1]], definitions)
        return {key: _inline(value, definitions) for key, value in part.items()}
    return [_inline(item, definitions) for item in part] if isinstance(part, list) else part


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    found = []
    if route.idempotent:
        about = "Repeat a call safely: the same key gives the first answer again for 24 hours."
        found.append(_header_parameter(HEADER, about, {"minLength": 1, "maxLength": 255}))
    if route.is_read:
        found.append(_header_parameter(IF_NONE_MATCH, "An ETag that you have: 304 when it still holds.", {}))
    if route.if_match:
        found.append(_header_parameter(IF_MATCH, "The ETag of what you read: 412 when it has changed.", {}))
    return found


def _header_parameter(name: str, about: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "schema": {"type": "string", **schema},
        "description": about,
    }
