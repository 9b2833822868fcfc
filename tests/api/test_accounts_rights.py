"""Every endpoint of accounts and rooms by every kind of caller: one table, and a check that nothing is
missing.
"""

from tests.api.callers import MISSING, Endpoint, assert_statuses, everybody, of
from tests.serving import Api
from vtp.faces import build_tables

#                         nobody new stu view ass tea own adm room elsewhere
OWN = of("                401 200 200 200 200 200 200 200 403 403")
ADMIN = of("              401 403 403 403 403 403 403 200 403 403")
ADMIN_MISSING = of("      401 403 403 403 403 403 403 404 403 403")
INSIDE = of("             401 403 200 200 200 200 200 200 200 403")
LISTING = of("            401 403 200 200 200 200 200 200 403 403")
EVERYBODY = of("          200 200 200 200 200 200 200 200 200 200")
UNPROCESSABLE = of("      422 422 422 422 422 422 422 422 422 422")

TAGS = {"accounts", "users", "rooms", "pictures", "personal data", "audit"}

ENDPOINTS = [
    Endpoint("POST", "/api/v1/auth/register", UNPROCESSABLE, body={}),
    Endpoint("POST", "/api/v1/auth/login", UNPROCESSABLE, body={}),
    Endpoint("POST", "/api/v1/auth/setup", UNPROCESSABLE, body={}),
    Endpoint("POST", "/api/v1/auth/refresh", of("401 401 401 401 401 401 401 401 401 401"), body={}),
    Endpoint("GET", "/api/v1/auth/profile", OWN),
    Endpoint("PATCH", "/api/v1/auth/profile", OWN, body={}),
    Endpoint("GET", "/api/v1/auth/sessions", OWN),
    Endpoint("DELETE", "/api/v1/auth/sessions", OWN),
    Endpoint(
        "DELETE",
        f"/api/v1/auth/sessions/{MISSING}",
        of("401 404 404 404 404 404 404 404 403 403"),
        "/api/v1/auth/sessions/{session_id}",
    ),
    Endpoint("GET", "/api/v1/users", ADMIN),
    Endpoint("GET", f"/api/v1/users/{MISSING}", ADMIN_MISSING, "/api/v1/users/{user_id}"),
    Endpoint("PATCH", f"/api/v1/users/{MISSING}", ADMIN_MISSING, "/api/v1/users/{user_id}", body={}),
    Endpoint("DELETE", f"/api/v1/users/{MISSING}", ADMIN_MISSING, "/api/v1/users/{user_id}"),
    Endpoint(
        "POST",
        "/api/v1/users",
        of("401 403 403 403 403 403 403 201 403 403"),
        body={"email": "made@school.example", "full_name": "Made"},
    ),
    Endpoint("POST", "/api/v1/users/import?dry_run=true", ADMIN, "/api/v1/users/import", csv=b"email,name\n"),
    Endpoint("GET", f"/api/v1/users/{MISSING}/sessions", ADMIN_MISSING, "/api/v1/users/{user_id}/sessions"),
    Endpoint(
        "DELETE", f"/api/v1/users/{MISSING}/sessions", ADMIN_MISSING, "/api/v1/users/{user_id}/sessions"
    ),
    Endpoint(
        "DELETE",
        f"/api/v1/users/{MISSING}/sessions/{MISSING}",
        ADMIN_MISSING,
        "/api/v1/users/{user_id}/sessions/{session_id}",
    ),
    Endpoint(
        "POST",
        f"/api/v1/users/{MISSING}/send-password-reset",
        ADMIN_MISSING,
        "/api/v1/users/{user_id}/send-password-reset",
    ),
    Endpoint("GET", f"/api/v1/users/{MISSING}/export", ADMIN_MISSING, "/api/v1/users/{user_id}/export"),
    Endpoint(
        "GET",
        f"/api/v1/users/{MISSING}/picture",
        of("401 403 404 404 404 404 404 404 403 403"),
        "/api/v1/users/{user_id}/picture",
    ),
    Endpoint("PUT", "/api/v1/auth/profile/picture", of("401 422 422 422 422 422 422 422 403 403"), png=b"x"),
    Endpoint("DELETE", "/api/v1/auth/profile/picture", of("401 204 204 204 204 204 204 204 403 403")),
    Endpoint(
        "POST",
        "/api/v1/auth/export",
        of("401 401 401 401 401 401 401 401 403 403"),
        body={"password": "another one"},
    ),
    Endpoint(
        "POST",
        "/api/v1/auth/delete-account",
        of("401 401 401 401 401 401 401 401 403 403"),
        body={"password": "another one"},
    ),
    Endpoint("GET", "/api/v1/audit", ADMIN),
    Endpoint("GET", "/api/v1/audit/export", ADMIN),
    Endpoint("GET", "/api/v1/audit/events", ADMIN),
    Endpoint("GET", "/api/v1/rooms", LISTING),
    Endpoint("GET", "/api/v1/rooms/physics", INSIDE, "/api/v1/rooms/{room}"),
    Endpoint(
        "PATCH",
        "/api/v1/rooms/physics",
        of("401 403 403 403 403 403 200 200 403 403"),
        "/api/v1/rooms/{room}",
        body={"settings": {"chat": "staff"}},
    ),
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
    await assert_statuses(api, ENDPOINTS, await everybody(api))


async def test_the_table_covers_every_endpoint_of_accounts_and_rooms(api: Api) -> None:
    tables = [t for t in build_tables(api.server.services) if t.tag in TAGS]
    declared = {(route.method, route.path) for table in tables for route in table.routes}
    assert {table.tag for table in tables} == TAGS
    assert declared == {endpoint.declared for endpoint in ENDPOINTS}
