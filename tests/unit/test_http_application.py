"""The HTTP conventions on a small application of declared routes: real server, real requests."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from aiohttp import ClientResponse, ClientTimeout, web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import BaseModel, Field
from yarl import URL

from vtp.db import Database
from vtp.doors import Doors
from vtp.errors import Conflict, Invalid, NotFound, NotSignedIn, Unavailable
from vtp.http.application import HttpParts, build_application
from vtp.http.dispatch import Dispatcher
from vtp.http.idempotency import IdempotencyStore
from vtp.http.identity import Principal, Role, guest_of_open_rooms
from vtp.http.metrics import HttpMetrics
from vtp.http.pages import Pages
from vtp.http.pagination import Page, PageQuery, encode_cursor
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.http.security import BrowserGuard
from vtp.http.throttle import Throttle
from vtp.http.validation import parse_body, refuse_nul
from vtp.sealing import Sealer
from vtp.settings import HttpSettings, LimitSettings, Settings

Client = TestClient[web.Request, web.Application]
ANN = replace(guest_of_open_rooms(), user_id="ann", role=Role.TEACHER, open_rooms=False, from_cookie=False)
TOKENS = {"ann": ANN, "new": replace(ANN, user_id="new", verified=False)}
SIGNED_IN = {"Authorization": "Bearer ann"}


class Thing(BaseModel):
    name: Annotated[str, Field(min_length=2, max_length=20)]
    size: Annotated[int, Field(ge=1)] = 1
    tags: list[str] = []


class TokenTable:
    """Tokens that are the names of their owners."""

    async def authenticate(self, request: web.Request) -> Principal | None:
        header = request.headers.get("Authorization")
        if header is None:
            return replace(ANN, from_cookie=True) if "session" in request.cookies else None
        principal = TOKENS.get(header.removeprefix("Bearer "))
        if principal is None:
            raise NotSignedIn("This token is not valid.")
        return principal


def things(created: list[str], entered: asyncio.Event, gate: asyncio.Event) -> RouteTable:
    table = RouteTable("things")

    @table.post("/api/v1/things", body=Thing, reply=Thing, status=201, summary="Make", while_draining=False)
    async def make(call: Call) -> Thing:
        body: Thing = call.body
        if body.name == "slow":
            entered.set()
            await gate.wait()
        if body.name == "taken":
            raise Conflict("This name is taken; choose another.", code="name_taken")
        created.append(body.name)
        call.reply_headers["Location"] = f"/api/v1/things/{body.name}"
        return body

    @table.get("/api/v1/things", query=PageQuery, reply=Page[Thing], access=Access.PUBLIC, summary="List")
    async def list_things(call: Call) -> Page[Thing]:
        start = call.query.position() or 0
        found = [Thing(name=f"thing {n}") for n in range(start, min(start + call.query.limit, 120))]
        more = encode_cursor(start + len(found)) if start + len(found) < 120 else None
        return Page[Thing](items=found, next_cursor=more)

    @table.get("/api/v1/things/{name}", reply=Thing, access=Access.PUBLIC, summary="One")
    async def get_thing(call: Call) -> Thing:
        if call.path["name"] == "none":
            raise NotFound("There is no thing of this name.")
        return Thing(name=call.path["name"])

    @table.delete("/api/v1/things/{name}", access=Access.VERIFIED, summary="Away")
    async def delete_thing(call: Call) -> None:
        return None

    @table.post("/sign-in", body=Thing, access=Access.PUBLIC, limit=Limit.SIGN_IN, summary="Sign in")
    async def sign_in(call: Call) -> None:
        if call.body.name != "right":
            raise NotSignedIn("Wrong.")

    @table.post("/register", body=Thing, access=Access.PUBLIC, limit=Limit.REGISTER, summary="Register")
    async def register(call: Call) -> None:
        return None

    @table.post(
        "/sdp", raw_body=("application/sdp",), max_body_bytes=100, access=Access.PUBLIC, summary="Raw"
    )
    async def take_sdp(call: Call) -> web.Response:
        return web.Response(text=call.text.upper(), content_type="application/sdp")

    @table.get("/broken", access=Access.PUBLIC, summary="A bug")
    async def broken(call: Call) -> None:
        raise RuntimeError("the secret password is hunter2")

    @table.get("/busy", access=Access.PUBLIC, summary="Busy")
    async def busy(call: Call) -> None:
        raise Unavailable("Busy.", retry_after_s=2.2)

    return table


class Site:
    """The application under test, and what its handlers did."""

    def __init__(
        self, client: Client, doors: Doors, created: list[str], entered: asyncio.Event, gate: asyncio.Event
    ) -> None:
        self.client = client
        self.doors = doors
        self.created = created
        self.entered = entered
        self.gate = gate

    async def make(self, body: Any, **headers: str) -> ClientResponse:
        return await self.client.post("/api/v1/things", json=body, headers={**SIGNED_IN, **headers})


Start = Callable[..., Any]


@pytest.fixture
async def start(tmp_path: Path, database: Database) -> AsyncIterator[Start]:
    clients: list[Client] = []

    async def begin(**options: Any) -> Site:
        http = HttpSettings(**{"tls": "off", **options.get("http", {})})
        settings = Settings(data_dir=tmp_path, http=http, limits=LimitSettings(**options.get("limits", {})))
        doors, guard = Doors(), BrowserGuard(http.cors_origins, http.public_url)
        store = IdempotencyStore(database, Sealer(b"k" * 32))
        dispatcher = Dispatcher(settings, TokenTable(), Throttle(settings.limits), guard, store, doors)
        parts = HttpParts(
            settings,
            dispatcher,
            guard,
            HttpMetrics(),
            Pages(tmp_path / "dist"),
            lambda: 8443,
            lasting_tls=lambda: False,
            challenge_tokens=options.get("tokens", {}),
        )
        created: list[str] = []
        entered, gate = asyncio.Event(), asyncio.Event()
        application = build_application(parts, [things(created, entered, gate)])
        client = TestClient(TestServer(application), timeout=ClientTimeout(10))
        await client.start_server()
        clients.append(client)
        return Site(client, doors, created, entered, gate)

    yield begin
    for client in clients:
        await client.close()


@pytest.fixture
async def site(start: Start) -> Site:
    return await start()  # type: ignore[no-any-return]


async def assert_problem(response: ClientResponse, status: int, code: str = "") -> dict[str, Any]:
    assert response.status == status, await response.text()
    assert response.content_type == "application/problem+json"
    problem: dict[str, Any] = await response.json()
    assert problem["status"] == problem["status_code"] == status
    assert problem["detail"] == problem["error"] == problem["message"]
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert problem["type"].startswith("/problems/")
    assert problem["instance"] == response.url.path
    assert not code or problem["code"] == code
    return problem


async def test_created_thing_is_answered_with_its_location(site: Site) -> None:
    response = await site.make({"name": "chalk"})
    assert response.status == 201
    assert response.headers["Location"] == "/api/v1/things/chalk"
    assert await response.json() == {"name": "chalk", "size": 1, "tags": []}


async def test_all_faults_of_a_body_are_told_at_once(site: Site) -> None:
    problem = await assert_problem(await site.make({"name": "x", "size": 0, "tags": [1]}), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == ["/name", "/size", "/tags/0"]


async def test_body_that_is_no_json_is_400(site: Site) -> None:
    headers = {**SIGNED_IN, "Content-Type": "application/json"}
    response = await site.client.post("/api/v1/things", data=b'{"name": ', headers=headers)
    await assert_problem(response, 400, "malformed_body")


async def test_nul_character_is_refused_before_a_database_sees_it(site: Site) -> None:
    problem = await assert_problem(await site.make({"name": "a\x00b"}), 422)
    assert problem["errors"][0]["pointer"] == "/name"
    await assert_problem(await site.client.get("/api/v1/things/a%00b"), 422)


async def test_escaped_backslash_before_u0000_is_no_nul(site: Site) -> None:
    assert (await site.make({"name": "a\\u0000b"})).status == 201


async def test_other_media_type_is_415(site: Site) -> None:
    response = await site.client.post("/api/v1/things", data={"name": "form"}, headers=SIGNED_IN)
    await assert_problem(response, 415, "unsupported_media_type")


async def test_body_beyond_the_limit_is_413_with_and_without_its_length(site: Site) -> None:
    headers = {"Content-Type": "application/sdp"}
    await assert_problem(await site.client.post("/sdp", data=b"x" * 101, headers=headers), 413)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 10

    await assert_problem(await site.client.post("/sdp", data=chunks(), headers=headers), 413)


async def test_raw_body_reaches_the_handler_as_text(site: Site) -> None:
    response = await site.client.post("/sdp", data=b"v=0", headers={"Content-Type": "application/sdp"})
    assert await response.text() == "V=0"


async def test_unknown_address_is_404_and_wrong_method_405_with_allow(site: Site) -> None:
    await assert_problem(await site.client.get("/api/v1/nothing"), 404)
    response = await site.client.put("/api/v1/things")
    await assert_problem(response, 405)
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


async def test_bug_is_500_and_tells_nothing_of_itself(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    response = await site.client.get("/broken")
    await assert_problem(response, 500, "internal_error")
    assert "hunter2" not in await response.text()
    assert "hunter2" in caplog.text


async def test_unavailable_says_when_to_come_back(site: Site) -> None:
    response = await site.client.get("/busy")
    await assert_problem(response, 503)
    assert response.headers["Retry-After"] == "3"


async def test_without_token_401_with_a_bad_one_401_unverified_403(site: Site) -> None:
    response = await site.client.delete("/api/v1/things/a")
    await assert_problem(response, 401, "not_signed_in")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    bad = await site.client.delete("/api/v1/things/a", headers={"Authorization": "Bearer eve"})
    await assert_problem(bad, 401)
    new = await site.client.delete("/api/v1/things/a", headers={"Authorization": "Bearer new"})
    await assert_problem(new, 403, "account_not_verified")
    assert (await site.client.delete("/api/v1/things/a", headers=SIGNED_IN)).status == 204


async def test_expired_token_does_not_close_public_routes(site: Site) -> None:
    response = await site.client.get("/api/v1/things/a1", headers={"Authorization": "Bearer expired"})
    assert response.status == 200


async def test_request_id_is_echoed_and_a_strange_one_replaced(site: Site) -> None:
    good = await site.client.get("/api/v1/things/a1", headers={"X-Request-ID": "abc-123"})
    assert good.headers["X-Request-ID"] == "abc-123"
    bad = await site.client.get("/api/v1/things/a1", headers={"X-Request-ID": "a b<script>"})
    assert bad.headers["X-Request-ID"] not in ("", "a b<script>")


async def test_pages_of_a_list_follow_cursor_and_link_to_the_end(site: Site) -> None:
    names: list[str] = []
    address = "/api/v1/things?limit=50"
    while address:
        response = await site.client.get(address)
        names += [item["name"] for item in (await response.json())["items"]]
        address = str(URL(response.links["next"]["url"]).relative()) if "next" in response.links else ""
    assert names == [f"thing {n}" for n in range(120)]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=many", "cursor=!!", "cursor=AAAA"])
async def test_bad_page_query_is_422_with_its_pointer(site: Site, query: str) -> None:
    problem = await assert_problem(await site.client.get(f"/api/v1/things?{query}"), 422)
    assert problem["errors"][0]["pointer"] == f"/query/{query.split('=')[0]}"


async def test_unchanged_thing_is_304(site: Site) -> None:
    first = await site.client.get("/api/v1/things/a1")
    again = await site.client.get("/api/v1/things/a1", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")
    other = await site.client.get("/api/v1/things/a2", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status == 200


async def test_head_answers_as_get_without_body(site: Site) -> None:
    response = await site.client.head("/api/v1/things/a1")
    assert (response.status, await response.read()) == (200, b"")


async def test_same_idempotency_key_gives_the_first_answer_and_creates_once(site: Site) -> None:
    first = await site.make({"name": "chalk"}, **{"Idempotency-Key": '"k1"'})
    again = await site.make({"name": "chalk"}, **{"Idempotency-Key": "k1"})
    assert site.created == ["chalk"]
    assert (again.status, await again.json()) == (first.status, await first.json())
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_idempotency_key_with_another_body_is_422(site: Site) -> None:
    await site.make({"name": "chalk"}, **{"Idempotency-Key": "k1"})
    again = await site.make({"name": "board"}, **{"Idempotency-Key": "k1"})
    await assert_problem(again, 422, "idempotency_key_reused")


async def test_idempotency_key_in_flight_is_409(site: Site) -> None:
    first = asyncio.create_task(site.make({"name": "slow"}, **{"Idempotency-Key": "k1"}))
    await site.entered.wait()
    again = await site.make({"name": "slow"}, **{"Idempotency-Key": "k1"})
    site.gate.set()
    await assert_problem(again, 409, "idempotency_in_flight")
    assert (await first).status == 201


async def test_failed_call_frees_its_idempotency_key(site: Site) -> None:
    await assert_problem(await site.make({"name": "taken"}, **{"Idempotency-Key": "k1"}), 409, "name_taken")
    assert (await site.make({"name": "chalk"}, **{"Idempotency-Key": "k1"})).status == 201


async def test_failed_sign_ins_of_an_address_are_limited_and_successes_not(start: Start) -> None:
    site: Site = await start(limits={"sign_in_failures_per_address_per_minute": 3})
    for _ in range(10):
        assert (await site.client.post("/sign-in", json={"name": "right"})).status == 204
    for _ in range(3):
        assert (await site.client.post("/sign-in", json={"name": "wrong"})).status == 401
    response = await site.client.post("/sign-in", json={"name": "right"})
    await assert_problem(response, 429, "rate_limited")
    assert int(response.headers["Retry-After"]) >= 1


async def test_a_body_that_is_none_is_no_failed_sign_in(start: Start) -> None:
    """Or anybody could close sign-in for a whole school behind one address."""
    site: Site = await start(limits={"sign_in_failures_per_address_per_minute": 3})
    wrongs: list[Any] = [{"name": 7}, {}, [], {"name": [{}] * 60_000}]
    for wrong in wrongs:
        assert (await site.client.post("/sign-in", json=wrong)).status in (413, 422)
    assert (await site.client.post("/sign-in", json={"name": "right"})).status == 204


async def test_what_has_more_values_than_any_call_needs_is_not_read(start: Start) -> None:
    """However few its bytes are."""
    site: Site = await start()
    few = gzip.compress(b'{"name":[' + b",".join([b"{}"] * 100_000) + b"]}")
    assert len(few) < 2000
    packed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    response = await site.client.post("/sign-in", data=few, headers=packed)
    problem = await assert_problem(response, 413, "too_large")
    assert problem["detail"] == "The body has more than 60000 values."


def test_of_many_faults_the_first_are_told() -> None:
    class Names(BaseModel):
        names: list[str]

    with pytest.raises(Invalid) as refused:
        parse_body(Names, b'{"names":[' + b",".join([b"{}"] * 500) + b"]}")
    assert [one.pointer for one in refused.value.errors] == [f"/names/{n}" for n in range(100)]


async def test_one_account_is_limited_and_another_is_not(start: Start) -> None:
    site: Site = await start(limits={"requests_per_account_per_minute": 2})
    for _ in range(2):
        assert (await site.make({"name": "chalk"})).status == 201
    await assert_problem(await site.make({"name": "chalk"}), 429)
    response = await site.client.post(
        "/api/v1/things", json={"name": "chalk"}, headers={"Authorization": "Bearer new"}
    )
    assert response.status == 201


async def test_foreign_page_cannot_use_a_cookie(site: Site) -> None:
    async def post(**headers: str) -> int:
        sent = {"Cookie": "session=1", **headers}
        response = await site.client.post("/api/v1/things", json={"name": "chalk"}, headers=sent)
        return response.status

    own = f"http://127.0.0.1:{site.client.port}"
    assert await post(**{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}) == 403
    assert await post(**{"Sec-Fetch-Site": "same-site", "Origin": own}) == 403
    assert await post(Origin="https://evil.example") == 403
    assert await post(Origin="null") == 403
    assert await post() == 403
    assert await post(Origin=own) == 201
    assert await post(**{"Sec-Fetch-Site": "same-origin"}) == 201


async def test_what_foreign_pages_send_counts_on_their_address(start: Start) -> None:
    site: Site = await start(limits={"requests_per_address_per_minute": 5})
    foreign = {"Sec-Fetch-Site": "cross-site"}
    seen = [(await site.client.post("/sign-in", json={}, headers=foreign)).status for _ in range(8)]
    assert seen == [403] * 5 + [429] * 3


async def test_foreign_pages_use_up_no_registrations_of_the_address(start: Start) -> None:
    """Or a page that one pupil opens could keep all others of the school from registering."""
    site: Site = await start(limits={"registrations_per_address_per_hour": 1})
    foreign = {"Sec-Fetch-Site": "cross-site"}
    for _ in range(3):
        assert (await site.client.post("/register", json={}, headers=foreign)).status == 403
    assert (await site.client.post("/register", json={"name": "right"})).status == 204


async def test_foreign_page_with_a_token_is_not_stopped_by_the_cookie_rule(site: Site) -> None:
    response = await site.make({"name": "chalk"}, Origin="https://app.example")
    assert response.status == 201
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_cors_knows_exactly_the_listed_origins(start: Start) -> None:
    site: Site = await start(http={"cors_origins": ["https://lms.example"]})

    async def preflight(origin: str) -> ClientResponse:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        return await site.client.options("/api/v1/things", headers=headers)

    allowed = await preflight("https://lms.example")
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://lms.example"
    assert "POST" in allowed.headers["Access-Control-Allow-Methods"]
    for other in ("https://evil.example", "https://lms.example.evil.example", "http://lms.example", "null"):
        assert "Access-Control-Allow-Origin" not in (await preflight(other)).headers


async def test_every_answer_carries_the_security_headers(site: Site) -> None:
    for address in ("/api/v1/things", "/api/v1/nothing", "/broken"):
        headers = (await site.client.get(address)).headers
        assert "'unsafe-inline'" not in headers["Content-Security-Policy"]
        assert "object-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Server" not in headers


async def test_draining_server_makes_nothing_new_and_answers_the_rest(site: Site) -> None:
    site.doors.close()
    response = await site.make({"name": "chalk"})
    await assert_problem(response, 503, "draining")
    assert "Retry-After" in response.headers
    assert (await site.client.get("/api/v1/things/a1")).status == 200


async def test_plain_http_from_elsewhere_is_redirected_for_pages_and_refused_for_calls(start: Start) -> None:
    site: Site = await start(http={"tls": "auto", "trusted_proxies": ["127.0.0.1"]})
    away = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Host": "192.168.1.5:8080"}
    page = await site.client.get("/rooms?x=1", headers={**away, "Accept": "text/html"}, allow_redirects=False)
    assert (page.status, page.headers["Location"]) == (307, "https://192.168.1.5:8443/rooms?x=1")
    call = await site.client.get("/api/v1/things", headers=away)
    await assert_problem(call, 403, "tls_required")
    assert (await site.client.get("/api/v1/things")).status == 200
    assert (
        await site.client.get("/api/v1/things", headers={**away, "X-Forwarded-Proto": "https"})
    ).status == 200


async def test_an_authority_reads_challenges_in_flight_by_plain_http_and_nothing_else(
    start: Start,
) -> None:
    acme = {"tls": "acme", "public_url": "https://school.example", "acme_agree": True}
    tokens = {"token1": "token1.thumbprint"}
    site: Site = await start(http={**acme, "trusted_proxies": ["127.0.0.1"]}, tokens=tokens)
    away = {"X-Forwarded-For": "198.51.100.7"}
    proof = await site.client.get("/.well-known/acme-challenge/token1", headers=away)
    assert (proof.status, await proof.text()) == (200, "token1.thumbprint")
    assert proof.content_type == "application/octet-stream"
    for path in ("token2", "token1/", "", "../acme-challenge"):
        response = await site.client.get(f"/.well-known/acme-challenge/{path}", headers=away)
        await assert_problem(response, 403, "tls_required")
    response = await site.client.post("/.well-known/acme-challenge/token1", headers=away)
    await assert_problem(response, 403, "tls_required")
    tokens.clear()
    response = await site.client.get("/.well-known/acme-challenge/token1", headers=away)
    await assert_problem(response, 403, "tls_required")


async def test_application_pages_are_served_and_an_unknown_page_is_the_application(
    start: Start, tmp_path: Path
) -> None:
    site: Site = await start()
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text("<title>vtp</title>")
    (tmp_path / "dist" / "assets" / "index-4f3a9c1b.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("secret")
    browser = {"Accept": "text/html,*/*"}
    for address in ("/", "/rooms/physics", "/setup?token=x"):
        page = await site.client.get(address, headers=browser)
        assert (page.status, page.content_type, await page.text()) == (200, "text/html", "<title>vtp</title>")
        assert page.headers["Cache-Control"] == "no-cache"
    asset = await site.client.get("/assets/index-4f3a9c1b.js")
    assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert asset.content_type == "text/javascript"
    await assert_problem(await site.client.get("/api/v1/nothing", headers=browser), 404)
    await assert_problem(await site.client.get("/..%2fsecret.txt"), 404)
    await assert_problem(await site.client.get("/nothing.png"), 404)


async def test_pages_that_are_not_built_say_how_to_build_them(site: Site) -> None:
    response = await site.client.get("/", headers={"Accept": "text/html"})
    problem = await assert_problem(response, 503, "pages_not_built")
    assert "make build" in problem["detail"]


async def test_an_address_longer_than_any_file_name_is_no_page(site: Site, tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    await assert_problem(await site.client.get("/assets/" + "a" * 300), 404)
    await assert_problem(await site.client.get("/" + "a" * 5000), 404)


async def test_a_body_that_is_not_what_its_encoding_says_is_400(site: Site) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    response = await site.client.post("/sign-in", data=b"no gzip at all", headers=headers)
    await assert_problem(response, 400, "malformed_body")


@pytest.mark.parametrize(
    "wrong", [{"size": "2"}, {"size": True}, {"size": 2.5}, {"tags": "one"}, {"name": 12}]
)
async def test_value_of_another_type_is_refused_and_not_made_to_fit(site: Site, wrong: Any) -> None:
    problem = await assert_problem(await site.make({"name": "lens", **wrong}), 422)
    assert [error["pointer"] for error in problem["errors"]] == [f"/{next(iter(wrong))}"]


def test_where_a_nul_is_is_told_in_few_characters() -> None:
    """However long the names are around it: of many values each would have a copy of them."""
    with pytest.raises(Invalid) as refused:
        refuse_nul({"k" * 500_000: [*[0] * 50_000, {"b": ["a\0"]}]}, "/body")
    [fault] = refused.value.errors
    assert fault.pointer == "/body/" + "k" * 199
    with pytest.raises(Invalid) as refused:
        refuse_nul({"a": [0, {"b\0": 1}]}, "")
    assert refused.value.errors[0].pointer == "/a/1/b\0"
