"""A learning record store in the test's process that takes nothing but what xAPI 1.0.3 allows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
from aiohttp import encode_basic_auth, web

IRI = {"type": "string", "pattern": r"^[a-z][a-z0-9+.-]*:[^\s]+$"}
HEX = "[0-9a-f]"
UUID = {"type": "string", "pattern": f"^{HEX}{{8}}-{HEX}{{4}}-[1-8]{HEX}{{3}}-[89ab]{HEX}{{3}}-{HEX}{{12}}$"}
LANGUAGES = {"^[a-zA-Z-]+$": {"type": "string"}}
WORDS = {"type": "object", "patternProperties": LANGUAGES, "additionalProperties": False}
EXTENSIONS = {"type": "object", "propertyNames": IRI}


def _only(required: list[str], **properties: Any) -> dict[str, Any]:
    """Nothing else may be there (part two, 2.2: "MUST NOT have additional properties")."""
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


ACTIVITY = _only(
    ["id"],
    objectType={"const": "Activity"},
    id=IRI,
    definition=_only([], type=IRI, name=WORDS, description=WORDS, moreInfo=IRI, extensions=EXTENSIONS),
)
ACTIVITIES = {"type": "array", "items": ACTIVITY, "minItems": 1}
STATEMENT = jsonschema_rs.validator_for(
    _only(
        ["id", "actor", "verb", "object", "timestamp"],
        id=UUID,
        actor=_only(
            ["objectType", "account"],
            objectType={"const": "Agent"},
            name={"type": "string"},
            account=_only(["homePage", "name"], homePage=IRI, name={"type": "string", "minLength": 1}),
        ),
        verb=_only(["id"], id=IRI, display=WORDS),
        object=ACTIVITY,
        result=_only(
            [],
            completion={"type": "boolean"},
            success={"type": "boolean"},
            response={"type": "string"},
            duration={"type": "string", "pattern": r"^P(T?\d.*)$"},
            extensions=EXTENSIONS,
        ),
        context=_only(
            [],
            registration=UUID,
            contextActivities=_only(
                [], parent=ACTIVITIES, grouping=ACTIVITIES, category=ACTIVITIES, other=ACTIVITIES
            ),
            extensions=EXTENSIONS,
        ),
        timestamp={
            "type": "string",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
        },
    )
)
Intervene = Callable[[list[dict[str, Any]]], web.Response | None]


@dataclass
class RecordStore:
    """What it has, by id; how much it was told at each call. `intervene` answers in its place."""

    statements: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)
    intervene: Intervene = lambda _: None
    port: int = 0
    username: str = "vtp"
    password: str = "a secret with ü"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/xapi"

    async def post(self, request: web.Request) -> web.Response:
        """Part three, 2.1.2: all of them or none."""
        if request.headers.get("Authorization") != encode_basic_auth(self.username, self.password, "utf-8"):
            raise web.HTTPUnauthorized()
        if not request.headers.get("X-Experience-API-Version", "").startswith("1.0"):
            raise web.HTTPBadRequest(text="X-Experience-API-Version")
        batch = json.loads(await request.text())
        self.calls.append(len(batch))
        answer = self.intervene(batch)
        if answer is not None:
            return answer
        ids = [one["id"] for one in batch]
        for one in batch:
            if (error := next(STATEMENT.iter_errors(one), None)) is not None:
                raise web.HTTPBadRequest(text=str(error))
        if len(set(ids)) < len(ids):
            raise web.HTTPBadRequest(text="two have one id")
        if any(self.statements.get(one["id"], one) != one for one in batch):
            raise web.HTTPConflict(text="another statement has this id")
        self.statements |= {one["id"]: one for one in batch}
        return web.json_response(ids)


@asynccontextmanager
async def record_store() -> AsyncIterator[RecordStore]:
    """Runs one on a port of its own."""
    store = RecordStore()
    app = web.Application()
    app.router.add_post("/xapi/statements", store.post)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        store.port = runner.addresses[0][1]
        yield store
    finally:
        await runner.cleanup()
