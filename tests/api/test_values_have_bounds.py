"""Values that are legal JSON and that no database can keep: refused with a word on either database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import BaseModel

from tests.api.course_material import BASE, make_course
from tests.api.recording_material import add_finished, make_room
from tests.serving import Api
from vtp.faces import build_tables

ENDS_OF_TIME = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")


def numbers(model: type[BaseModel]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every number that a model takes, wherever in it: its place and its schema."""
    whole = model.model_json_schema()
    seen: set[str] = set()

    def walk(schema: dict[str, Any], place: str) -> Iterator[tuple[str, dict[str, Any]]]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name not in seen:
                seen.add(name)
                yield from walk(whole["$defs"][name], place)
        if schema.get("type") in ("integer", "number"):
            yield place, schema
        for choice in (one for word in ("anyOf", "oneOf", "allOf") for one in schema.get(word, ())):
            yield from walk(choice, place)
        for name, inner in schema.get("properties", {}).items():
            yield from walk(inner, f"{place}/{name}")
        for inner in (schema.get("items"), schema.get("additionalProperties")):
            if isinstance(inner, dict):
                yield from walk(inner, f"{place}/-")

    yield from walk(whole, "")


@pytest.mark.sqlite_alone
async def test_every_number_that_is_taken_has_a_least_and_a_most(api: Api) -> None:
    """Of the API that keeps what it takes; media servers' numbers (`/sfu`) are kept nowhere."""
    routes = [route for table in build_tables(api.server.services) for route in table.routes]
    found = 0
    for route in routes:
        for model in (route.query, route.body):
            for place, schema in numbers(model) if model is not None else ():
                found += 1
                assert {"minimum", "exclusiveMinimum"} & schema.keys(), (route.path, place)
                assert {"maximum", "exclusiveMaximum"} & schema.keys(), (route.path, place)
    assert found > 100


@pytest.mark.both_databases
async def test_what_a_database_cannot_keep_is_refused(api: Api) -> None:
    admin, teacher = await api.person("admin"), await api.person("teacher")
    course = await make_course(api, teacher)
    recording = await add_finished(api, await make_room(api, teacher), teacher)
    for moment in ENDS_OF_TIME:
        for path in ("/api/v1/audit", f"/api/v1/recordings/{recording}/access-log"):
            for place in (path, f"{path}/export"):
                for name in ("since", "until"):
                    answer = await api.call("GET", f"{place}?{name}={quote(moment)}", by=admin)
                    assert (answer.status, answer.pointers) == (422, [f"/query/{name}"]), place
        for name in ("opens_at", "closes_at"):
            wish = {"title": "Planets", name: moment}
            answer = await api.call("POST", f"{BASE}/{course}/quizzes", wish, by=teacher)
            assert (answer.status, answer.pointers) == (422, [f"/{name}"])
    for year in (2**31, 2**63, 10**30, -(2**31) - 1):
        answer = await api.call("GET", f"{BASE}?year={year}", by=teacher)
        assert (answer.status, answer.pointers) == (422, ["/query/year"])
    event = {"event_type": "viewed", "timestamp": "2026-09-01T08:00:00Z", "course_id": course}
    told = {"session_id": "s" * 16, "seq": 1, "events": [{**event, "metadata": {"a": {"\x00": 1}}}]}
    answer = await api.call("POST", "/api/v1/analytics/events", told, by=teacher)
    assert (answer.status, answer.pointers) == (422, ["/events/0/metadata/a/\x00"])
