"""Every endpoint of accounts and rooms by every kind of caller: one table, and a check that nothing is
missing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.serving import Api, Person
from vtp.accounts.tokens import room_claims
from vtp.services import build_tables

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


@dataclass(frozen=True)
class Endpoint:
    """A call, and the status each caller gets, in the order of CALLERS."""

    method: str
    path: str
    statuses: tuple[int, ...]
    route: str = ""
    body: object = None

    @property
    def declared(self) -> tuple[str, str]:
        return self.method, self.route or self.path.partition("?")[0]


def of(statuses: str) -> tuple[int, ...]:
    return tuple(int(status) for status in statuses.split())


MISSING = "01890a5d-ac96-774b-bcce-b302099a8057"
#                         nobody new stu view ass tea own adm room elsewhere
OWN = of("                401 200 200 200 200 200 200 200 403 403")
ADMIN = of("              401 403 403 403 403 403 403 200 403 403")
ADMIN_MISSING = of("      401 403 403 403 403 403 403 404 403 403")
INSIDE = of("             401 403 200 200 200 200 200 200 200 403")
LISTING = of("            401 403 200 200 200 200 200 200 403 403")
EVERYBODY = of("          200 200 200 200 200 200 200 200 200 200")
UNPROCESSABLE = of("      422 422 422 422 422 422 422 422 422 422")

ENDPOINTS = [
    Endpoint("POST", "/api/v1/auth/register", UNPROCESSABLE, body={}),
    Endpoint("POST", "/api/v1/auth/login", UNPROCESSABLE, body={}),
    Endpoint("POST", "/api/v1/auth/setup", UNPROCESSABLE, body={}),
    Endpoint("POST", "/api/v1/auth/refresh", of("401 401 401 401 401 401 401 401 401 401"), body={}),
    Endpoint("GET", "/api/v1/auth/profile", OWN),
    Endpoint("PATCH", "/api/v1/auth/profile", OWN, body={}),
    Endpoint("GET", "/api/v1/auth/sessions", OWN),
    Endpoint(
        "DELETE",
        f"/api/v1/auth/sessions/{MISSING}",
        of("401 404 404 404 404 404 404 404 403 403"),
        "/api/v1/auth/sessions/{session_id}",
    ),
    Endpoint("GET", "/api/v1/users", ADMIN),
    Endpoint("GET", f"/api/v1/users/{MISSING}", ADMIN_MISSING, "/api/v1/users/{user_id}"),
    Endpoint("PATCH", f"/api/v1/users/{MISSING}", ADMIN_MISSING, "/api/v1/users/{user_id}", body={}),
    Endpoint("GET", "/api/v1/rooms", LISTING),
    Endpoint("GET", "/api/v1/rooms/physics", INSIDE, "/api/v1/rooms/{room}"),
    Endpoint("GET", "/api/v1/signalling/health", EVERYBODY),
    Endpoint("GET", "/api/v1/signalling/room/stats?room_id=physics", INSIDE),
    Endpoint("GET", "/api/v1/signalling/rooms/stats", LISTING),
    Endpoint(
        "POST",
        "/api/v1/signalling/room/create",
        of("401 403 403 403 403 201 201 201 403 403"),
        body={"room_name": "New"},
    ),
    Endpoint(
        "DELETE",
        "/api/v1/signalling/room/delete?room_id=physics",
        of("401 403 403 403 403 403 200 404 404 404"),
    ),
    Endpoint("POST", "/api/v1/auth/logout", EVERYBODY, body={}),  # the last: everybody is signed out by it
]


async def test_every_caller_gets_what_the_table_says(api: Api) -> None:
    callers = await everybody(api)
    got: dict[str, dict[str, int]] = {}
    expected: dict[str, dict[str, int]] = {}
    for endpoint in ENDPOINTS:
        key = f"{endpoint.method} {endpoint.path}"
        expected[key] = dict(zip(CALLERS, endpoint.statuses, strict=True))
        got[key] = {}
        for name in CALLERS:
            answer = await api.call(endpoint.method, endpoint.path, endpoint.body, by=callers[name])
            assert answer.status < 400 or answer.body["status"] == answer.status
            got[key][name] = answer.status
    assert got == expected


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


async def test_the_table_covers_every_endpoint_of_accounts_and_rooms(api: Api) -> None:
    tables = [t for t in build_tables(api.server.services) if t.tag in ("accounts", "users", "rooms")]
    declared = {(route.method, route.path) for table in tables for route in table.routes}
    assert len(tables) == 3
    assert declared == {endpoint.declared for endpoint in ENDPOINTS}
