"""What every answer of the running server does for the browser that gets it (OWASP ASVS 5.0, V3, V4, V14)."""

from __future__ import annotations

import asyncio

from tests.serving import Api

PROFILE = "/api/v1/auth/profile"


async def exchange(api: Api, request: bytes) -> bytes:
    """Everything that is answered to bytes that no client library would send, until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.server.listening.http_port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    await writer.wait_closed()
    return answer


async def test_what_is_told_to_who_signed_in_is_kept_in_no_cache(api: Api) -> None:
    admin = await api.person("admin")
    for path in (
        PROFILE,
        "/api/v1/auth/sessions",
        "/api/v1/users",
        "/api/v1/signalling/rooms",
        "/api/v1/nothing",
    ):
        answer = await api.call("GET", path, by=admin)
        assert answer.headers["Cache-Control"] == "no-store", path
    stranger = await api.call("GET", PROFILE)
    assert (stranger.status, stranger.headers["Cache-Control"]) == (401, "no-store")
    assert (await api.call("GET", "/api/v1/server")).headers["Cache-Control"] == "no-cache"


async def test_data_opened_by_itself_runs_and_loads_nothing(api: Api) -> None:
    teacher = await api.person("teacher")
    for path in (
        PROFILE,
        "/health",
        "/api/openapi.json",
        "/problems/not-found",
        "/api/v1/nothing",
        "/metrics",
    ):
        answer = await api.call("GET", path, by=teacher)
        policy = set(answer.headers["Content-Security-Policy"].split("; "))
        assert {"default-src 'none'", "frame-ancestors 'none'", "sandbox allow-downloads"} <= policy, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_pages_run_scripts_of_this_server_alone(api: Api) -> None:
    page = await api.call("GET", "/api/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == policy["style-src"] == policy["default-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"


async def test_every_body_comes_with_its_type_and_text_with_its_charset(api: Api) -> None:
    types = {
        "/api/v1/server": "application/json",  # RFC 8259: JSON is UTF-8 and has no such parameter
        "/api/v1/nothing": "application/problem+json",
        "/api/docs": "text/html; charset=utf-8",
        "/api/docs/docs.css": "text/css; charset=utf-8",
        "/api/docs/docs.js": "text/javascript; charset=utf-8",
        "/problems/not-found": "text/plain; charset=utf-8",
    }
    for path, wanted in types.items():
        assert (await api.call("GET", path)).headers["Content-Type"].split(",")[0] == wanted, path


async def test_methods_that_no_route_declares_are_refused(api: Api) -> None:
    for method in ("TRACE", "PUT", "DELETE", "PROPFIND"):
        answer = await api.call(method, "/api/v1/auth/login")
        assert (answer.status, answer.headers["Allow"]) == (405, "OPTIONS, POST"), method
        assert (await api.call(method, "/")).status in (404, 405), method
    echoed = await exchange(
        api, b"TRACE / HTTP/1.1\r\nHost: localhost\r\nX-Secret: abc\r\nConnection: close\r\n\r\n"
    )
    assert b"abc" not in echoed


HIDDEN = (
    "/.git/config",
    "/.env",
    "/config/default.toml",
    "/../pyproject.toml",
    "/..%2f..%2fpyproject.toml",
    "/%2e%2e/pyproject.toml",
    "/assets/",
    "/assets",
    "/vtp.sqlite3",
)


async def test_nothing_beside_the_pages_is_served_and_no_folder_is_listed(api: Api) -> None:
    """A program gets a problem; a browser gets the application, which says that there is no such page."""
    head = "HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    for path in HIDDEN:
        answer = await exchange(api, f"GET {path} {head}".encode())
        assert answer.split()[1] in (b"404", b"400"), answer[:300]
        assert not any(text in answer for text in (b"index-", b"[build-system]", b"data_dir")), path


LOGIN = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
SMUGGLED = b"GET /api/v1/server HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


AMBIGUOUS = (
    b"Content-Length: 2\r\nContent-Length: 100\r\n\r\n{}",
    b"Content-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
    b"Content-Length: +2\r\n\r\n{}",
    b"Content-Length: 2\x0b\r\n\r\n{}",
)


async def test_a_request_whose_length_can_be_read_in_two_ways_is_refused(api: Api) -> None:
    for lengths in AMBIGUOUS:
        answer = await exchange(api, LOGIN + lengths + SMUGGLED)
        assert answer.split()[1] == b"400", answer[:300]
        assert answer.count(b"HTTP/1.") == 1 and b'"open_rooms"' not in answer


async def test_what_is_no_http_is_answered_with_our_header_fields_and_tells_nothing(api: Api) -> None:
    for nonsense in (
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/1.1\r\nX: <b>\x00\r\n\r\n",
        b"GET /" + b"a" * 9000,
    ):
        answer = await exchange(api, nonsense + b"\r\n\r\n")
        assert answer.split()[1] == b"400", answer[:300]
        assert b"X-Content-Type-Options: nosniff" in answer and b"default-src 'none'" in answer
        assert b"aiohttp" not in answer and b"Python" not in answer and b"<b>" not in answer


async def test_line_breaks_in_what_is_answered_make_no_header_field(api: Api) -> None:
    """Of what a caller says, the request's id and the address of a page come back in header fields."""
    answer = await exchange(
        api,
        b"GET /api/v1/server HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: a%0d%0aSet-Cookie: x=1\r\n"
        b"Connection: close\r\n\r\n",
    )
    assert b"set-cookie" not in answer.partition(b"\r\n\r\n")[0].lower()
