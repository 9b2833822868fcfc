"""Every kind of caller of the API, and tables of what each of them gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.serving import Api, Person
from vtp.accounts.tokens import room_claims
from vtp.faces import build_tables

CALLERS = (
    "nobody",
    "newcomer",
    "student",
    "viewer",
    "assistant",
    "teacher",
    "owner",
    "admin",
    "room",
    "elsewhere",
)
MISSING = "01890a5d-ac96-774b-bcce-b302099a8057"


@dataclass(frozen=True)
class Endpoint:
    """A call, and the status each caller gets, in the order of CALLERS."""

    method: str
    path: str
    statuses: tuple[int, ...]
    route: str = ""
    body: object = None
    sdp: bytes | None = None
    csv: bytes | None = None
    png: bytes | None = None
    vtt: bytes | None = None
    file: bytes | None = None

    @property
    def raw(self) -> tuple[bytes, str] | None:
        """A body that is no JSON, and its type."""
        texts = ((self.sdp, "application/sdp"), (self.csv, "text/csv"), (self.vtt, "text/vtt"))
        bodies = (*texts, (self.png, "image/png"), (self.file, "application/octet-stream"))
        return next(((data, kind) for data, kind in bodies if data is not None), None)

    @property
    def declared(self) -> tuple[str, str]:
        return self.method, self.route or self.path.partition("?")[0]


def of(statuses: str) -> tuple[int, ...]:
    return tuple(int(status) for status in statuses.split())


async def everybody(api: Api) -> dict[str, Person | str | None]:
    """Signs all callers in; `owner` is a teacher who made the room physics, `room` holds a token for it."""
    people: dict[str, Person | str | None] = {"nobody": None, "newcomer": await api.newcomer()}
    for role in ("student", "viewer", "assistant", "teacher", "admin"):
        people[role] = await api.person(role)
    owner = people["owner"] = await api.person("teacher", "owner@school.example")
    wish = {"room_id": "physics", "room_name": "Physics"}
    room = await api.call("POST", "/api/v1/signalling/room/create", wish, by=owner)
    people["room"] = room_token(api, room.body["room_id"])
    people["elsewhere"] = room_token(api, MISSING)
    return people


def room_token(api: Api, room_id: str) -> str:
    now = datetime.now(UTC)
    claims = room_claims(
        room_id, publish=True, watch=True, full_name="Guest", now=now, ttl=timedelta(minutes=5)
    )
    return api.server.services.accounts.tokens.sign_room(claims, now)


async def assert_statuses(
    api: Api, endpoints: Sequence[Endpoint], callers: dict[str, Person | str | None]
) -> None:
    """Makes every call by every caller, in the order of the tables."""
    wrong: dict[str, str] = {}
    for endpoint in endpoints:
        got = [await _status(api, endpoint, callers[name]) for name in CALLERS]
        if tuple(got) != endpoint.statuses:
            wrong[f"{endpoint.method} {endpoint.path}"] = " ".join(map(str, got))
    assert not wrong, "\n".join(f"{call}: {got}" for call, got in wrong.items())


def assert_covers(api: Api, tag: str, endpoints: Sequence[Endpoint]) -> None:
    """A feature's table of rights has a row for each of its routes, and for nothing else."""
    [table] = [table for table in build_tables(api.server.services) if table.tag == tag]
    assert {(route.method, route.path) for route in table.routes} == {one.declared for one in endpoints}


async def _status(api: Api, endpoint: Endpoint, by: Person | str | None) -> int:
    data, kind = endpoint.raw or (None, "")
    headers = {"Content-Type": kind} if kind else {}
    answer = await api.call(endpoint.method, endpoint.path, endpoint.body, by=by, data=data, headers=headers)
    assert answer.status < 400 or answer.body["status"] == answer.status
    return answer.status
