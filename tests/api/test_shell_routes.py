"""Every route of the whole server, walked: it is in the OpenAPI document, and says what can go wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.serving import Api
from vtp.faces import build_tables
from vtp.http.openapi import open_path
from vtp.http.routing import Access, Route
from vtp.signalling.socket_face import PATH as SOCKET_IO

METHODS = {"get", "post", "put", "patch", "delete", "options"}
Document = dict[str, Any]


@pytest.fixture
async def document(api: Api) -> Document:
    answer = await api.call("GET", "/api/openapi.json")
    assert answer.status == 200
    body: Document = answer.body
    return body


def declared(api: Api) -> list[Route]:
    return [route for table in build_tables(api.server.services) for route in table.routes]


def operations(document: Document) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def test_document_has_every_route_that_the_server_answers(api: Api, document: Document) -> None:
    hidden = {(route.method, open_path(route.path)) for route in declared(api) if route.hidden}
    for route in api.server.application.router.routes():
        method, path = route.method, open_path(route.resource.canonical if route.resource else "")
        if method == "HEAD" or (method, path) in hidden or path == f"/{SOCKET_IO}/":
            continue  # Socket.IO is a protocol of its own: docs/protocol.md
        assert method.lower() in document["paths"].get(path, {}), f"{method} {path} is not in the document"


async def test_document_has_nothing_that_the_server_does_not_answer(api: Api, document: Document) -> None:
    answered = {
        (route.method.lower(), open_path(route.resource.canonical))
        for route in api.server.application.router.routes()
        if route.resource
    }
    for path, method, _ in operations(document):
        assert (method, path) in answered


async def test_hidden_are_only_pages_of_the_documentation(api: Api) -> None:
    """And the second names of analytics, whose first are in the document."""
    hidden = ("/api/docs", "/problems/", "/api/analytics/")
    for route in declared(api):
        assert not route.hidden or route.path.startswith(hidden), route.path


async def test_every_operation_declares_its_success_and_its_problems(document: Document) -> None:
    for path, method, operation in operations(document):
        statuses = operation["responses"]
        assert any(status[0] in "23" for status in statuses), (path, method)
        problems = [status for status in statuses if status[0] in "45"]
        assert len(problems) >= 1, f"{method} {path} declares no error"
        for status in problems:
            if path != "/sfu/health":  # says in its own words that no media can flow
                kinds = list(statuses[status].get("content", ["application/problem+json"]))
                assert kinds == ["application/problem+json"], (path, status)


async def test_every_protected_operation_declares_401_and_403(api: Api, document: Document) -> None:
    for route in declared(api):
        if route.hidden or route.access is Access.PUBLIC:
            continue
        responses = document["paths"][open_path(route.path)][route.method.lower()]["responses"]
        assert {"401", "403"} <= set(responses), f"{route.method} {route.path}"


async def test_every_operation_has_a_summary_and_a_name_of_its_own(document: Document) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    assert all(operation["summary"] for _, _, operation in operations(document))


async def test_every_path_parameter_is_declared(document: Document) -> None:
    for path, _, operation in operations(document):
        named = {part["name"] for part in operation.get("parameters", []) if part["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path)), path


async def test_every_reference_resolves(document: Document) -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                kind, _, name = node["$ref"].removeprefix("#/components/").partition("/")
                assert name in document["components"][kind], node["$ref"]
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)


async def test_every_protected_route_refuses_a_stranger_with_a_problem(api: Api) -> None:
    for route in declared(api):
        if route.access not in (Access.SIGNED_IN, Access.VERIFIED):
            continue
        path = re.sub(r"\{[^{}]*(\{[^{}]*\})*[^{}]*\}", "019aa000-0000-7000-8000-000000000000", route.path)
        answer = await api.call(route.method, path)
        assert answer.status == 401, f"{route.method} {path}: {answer}"
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert answer.body["code"] == "not_signed_in"


async def test_readable_page_uses_nothing_from_elsewhere(api: Api) -> None:
    page = await api.call("GET", "/api/docs")
    assert page.status == 200
    assert "<script>" not in page.body
    assert "http:" not in page.body
    assert "https:" not in page.body
    for name in re.findall(r'(?:src|href)="(/api/docs/[^"]+)"', page.body):
        assert (await api.call("GET", name)).status == 200


async def test_problem_types_can_be_looked_up(api: Api) -> None:
    missing = await api.call("GET", "/api/v1/nothing")
    explained = await api.call("GET", missing.body["type"])
    assert explained.status == 200
    assert "nothing at this address" in explained.body


async def test_server_says_what_it_is(api: Api) -> None:
    answer = await api.call("GET", "/api/v1/server")
    assert answer.body["name"] == "vtp"
    assert answer.body["open_rooms"] is False
    assert answer.body["registration"] is True
    assert answer.body["public_url"] == ""


async def test_every_default_in_the_document_fits_its_own_schema(document: Document) -> None:
    for name, schema in document["components"]["schemas"].items():
        for field, part in schema.get("properties", {}).items():
            if isinstance(part.get("default"), str):
                assert len(part["default"]) >= part.get("minLength", 0), f"{name}.{field}"


async def test_a_body_is_required_exactly_when_it_must_hold_something(api: Api, document: Document) -> None:
    profile = document["paths"]["/api/v1/auth/profile"]["patch"]["requestBody"]
    assert not profile["required"], "an empty change changes nothing and is no error"
    assert document["paths"]["/api/v1/auth/register"]["post"]["requestBody"]["required"]
