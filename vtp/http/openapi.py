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
from vtp.http.idempotency import HEADER
from vtp.http.routing import Access, Limit, Route, RouteTable

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PARAMETER = re.compile(r"\{(\w+)(?::([^{}]|\{[^{}]*\})*)?\}")
_Key = tuple[type[BaseModel], JsonSchemaMode]

ACCESS_WORDS = {
    Access.PUBLIC: "Open to anybody.",
    Access.SIGNED_IN: "Needs a valid token.",
    Access.VERIFIED: "Needs a valid token of a verified or approved account, or a room token.",
    Access.SERVICE: "Needs a service token, in the header or in the path after `/sfu/t/`.",
    Access.MEDIA: "Needs a media grant (cookie or path) or a token.",
}


def build_document(tables: Sequence[RouteTable], server_url: str = "/") -> dict[str, Any]:
    """The whole document; every declared route is in it unless it is hidden (pages, assets)."""
    routes = [route for table in tables for route in table.routes if not route.hidden]
    schemas, definitions = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(open_path(route.path), {})[route.method.lower()] = _operation(route, schemas)
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
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def open_path(path: str) -> str:
    """aiohttp's `{name:regex}` as OpenAPI's `{name}`."""
    return _PARAMETER.sub(r"{\1}", path)


def error_statuses(route: Route) -> list[int]:
    """Every error a route can answer: the declared ones, and those that its declaration implies."""
    found = {*route.errors, 500}
    if route.access is not Access.PUBLIC:
        found |= {401, 403}
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


def _operation(route: Route, schemas: dict[_Key, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation_id,
        "tags": [route.tag],
        "summary": route.summary,
        "description": " ".join(part for part in (route.description, ACCESS_WORDS[route.access]) if part),
        "responses": _responses(route, schemas),
    }
    parameters = _path_parameters(route) + _query_parameters(route) + _header_parameters(route)
    if parameters:
        operation["parameters"] = parameters
    if route.takes_body:
        operation["requestBody"] = _request_body(route, schemas)
    if route.access is Access.PUBLIC:
        operation["security"] = []
    elif route.access is Access.MEDIA:
        operation["security"] = [{}, {"bearer": []}]
    else:
        operation["security"] = [{"bearer": []}]
    return operation


def _responses(route: Route, schemas: dict[_Key, dict[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if route.reply is not None:
        content["application/json"] = {"schema": schemas[route.reply, "serialization"]}
    for media_type in route.reply_types:
        content[media_type] = {"schema": {"type": "string"}}
    status = 204 if not content and route.status == 200 else route.status
    success: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if content:
        success["content"] = content
    responses: dict[str, Any] = {str(status): success}
    for error in error_statuses(route):
        responses[str(error)] = {
            "description": SENTENCES.get(error, HTTPStatus(error).phrase),
            "content": {CONTENT_TYPE: {"schema": schemas[Problem, "serialization"]}},
        }
    return responses


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
    if not route.idempotent:
        return []
    return [
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "description": "Repeat a call safely: the same key gives the first answer again for 24 hours.",
        }
    ]
