"""A whole vtp server within the test's process, and people who call it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web_app

from tests.fresh_database import begin_fresh
from tests.wire_types import checked_wire
from vtp.accounts.audit import Origin
from vtp.accounts.claims import SYSTEM
from vtp.accounts.permissions import parse_role
from vtp.accounts.users import NewUser
from vtp.app import Server, start_server
from vtp.http.identity import Principal, Role
from vtp.rooms.live import LiveRoom
from vtp.settings import (
    AccountSettings,
    AnalyticsSettings,
    CourseworkSettings,
    DatabaseSettings,
    HttpSettings,
    JobSettings,
    LimitSettings,
    MailSettings,
    MediaSettings,
    OidcSettings,
    PlainSettings,
    RecordingSettings,
    RoomSettings,
    Settings,
    SfuSettings,
    StorageSettings,
    WebhookSettings,
)

PASSWORD = "a rather long pass phrase"
FULL_WIDTH = "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff11"
"""`password1` as a Japanese keyboard may write it, which is what its hash is of."""
UNLIMITED = LimitSettings(
    sign_in_failures_per_account=0,
    sign_in_failures_per_address_per_minute=0,
    registrations_per_address_per_hour=0,
    recoveries_per_address_per_hour=0,
    password_resets_per_account_per_hour=0,
    verification_mails_per_address_per_minute=0,
    refreshes_per_account_per_5_minutes=0,
    requests_per_account_per_minute=0,
    requests_per_address_per_minute=0,
    media_per_token_per_minute=0,
    sfu_calls_per_10_seconds=0,
    signalling_calls_per_10_seconds=0,
    signalling_announcements_per_10_seconds=0,
    chat_messages_per_10_seconds=0,
)
CHEAP_HASHES = {"argon2_memory_kib": 8, "argon2_time_cost": 1}  # less than settings may say


_HASHES: dict[str, str] = {}


@dataclass(frozen=True)
class Answer:
    """What a call was answered."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def pointers(self) -> list[str]:
        """The fields that a problem names."""
        return [error["pointer"] for error in self.body["errors"]]


@dataclass(frozen=True)
class Person:
    """Somebody signed in."""

    user_id: str
    email: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        """What their calls carry."""
        return {"Authorization": f"Bearer {self.access_token}"}


def principal_of(role: Role, full_name: str, user_id: str | None = None) -> Principal:
    """Somebody as rights see them, for tests that need no sign-in."""
    return Principal(user_id, "", full_name, role, True, None, None, None, f"token of {full_name}", None)


class Api:
    """Calls a running server; `server` is the real one, for what a test sets up behind its back."""

    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        self.server = server
        self._session = session

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.listening.http_port}"

    async def open_room(self, reference: str) -> LiveRoom:
        """A room as it is once somebody has come."""
        services = self.server.services
        return await services.live_rooms.open(await services.rooms.find(reference))

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        by: Person | str | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Answer:
        """One call; `by` is a person or a bare token."""
        sent = dict(headers or {})
        if isinstance(by, Person):
            sent |= by.headers
        elif by is not None:
            sent["Authorization"] = f"Bearer {by}"
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        options: dict[str, Any] = (
            {"data": io.BytesIO(data)} if data is not None else {"json": body} if body is not None else {}
        )
        url = f"{self.base_url}{path}"
        async with self._session.request(
            method, url, headers=sent, allow_redirects=False, **options
        ) as response:
            return Answer(response.status, await _body(response), response.headers)

    async def person(
        self, role: str, email: str = "", *, password: str = PASSWORD, full_name: str = ""
    ) -> Person:
        """Makes an approved account of this role, signed in; what the password is hashed to is made once."""
        accounts = self.server.services.accounts
        if password not in _HASHES:
            _HASHES[password] = await accounts.service.hash_new(password, claim=SYSTEM)
        meant, watch_only = parse_role(role)
        email = email or f"{role}@school.example"
        new = NewUser(
            email, _HASHES[password], full_name or role.title(), meant, watch_only=watch_only, approved=True
        )
        here = Origin(ip="127.0.0.1")
        async with self.server.services.database.transaction() as tx:
            user = await accounts.service.add(tx, new, here, actor_id=None)
            signed_in = await accounts.service.begin_session(tx, user, here)
        return Person(user.id, user.email, signed_in.access_token, signed_in.refresh_token)

    async def newcomer(self, email: str = "new@school.example", role: str = "student") -> Person:
        """Registers by the front door, unapproved, and signs in."""
        wish = {"email": email, "password": PASSWORD, "full_name": "New Comer", "role": role}
        answer = await self.call("POST", "/api/v1/auth/register", wish)
        assert answer.status == 201, answer
        return await self.sign_in(email)

    async def sign_in(self, email: str, password: str = PASSWORD) -> Person:
        """Signs in by the front door."""
        answer = await self.call("POST", "/api/v1/auth/login", {"email": email, "password": password})
        assert answer.status == 200, answer
        user = answer.body["user"]
        return Person(
            user["user_id"], user["email"], answer.body["access_token"], answer.body["refresh_token"]
        )


async def _body(response: aiohttp.ClientResponse) -> Any:
    """JSON as what it says, text as text, and what is neither as bytes."""
    if "json" in response.content_type:
        return await response.json()
    is_text = response.content_type.startswith(("text/", "application/octet-stream", "application/sdp"))
    return await response.text() if is_text else await response.read()


@asynccontextmanager
async def serving(
    data_dir: Path,
    database_url: str = "",
    *,
    limits: LimitSettings = UNLIMITED,
    accounts: AccountSettings | None = None,
    oidc: OidcSettings | None = None,
    open_rooms: bool = False,
    trusted_proxies: Sequence[str] = (),
    webhooks: WebhookSettings | None = None,
    sfu: SfuSettings | None = None,
    media: Mapping[str, object] | None = None,
    plain: PlainSettings | None = None,
    mail: MailSettings | None = None,
    storage: StorageSettings | None = None,
    jobs: JobSettings | None = None,
    recording: RecordingSettings | None = None,
    coursework: CourseworkSettings | None = None,
    analytics: AnalyticsSettings | None = None,
    public_url: str = "",
    secrets_dir: Path | None = None,
    checked: bool = True,
    cheap_hashes: bool = True,
) -> AsyncIterator[Api]:
    """Starts a server on ports of its own and ends it; what it says by Socket.IO must be what it declares.

    Where no database is named it has a new one of its own in its folder, which is migrated already.
    Hashing is slow by intention, and would be most of what tests of accounts do: what it costs is for those
    that ask for it, with `cheap_hashes` off.
    """
    account_settings = accounts or AccountSettings()
    if cheap_hashes:
        account_settings = account_settings.model_copy(update=CHEAP_HASHES)
    settings = Settings(
        data_dir=data_dir,
        secrets_dir=str(secrets_dir or ""),
        http=HttpSettings(
            host="127.0.0.1", port=0, tls="off", trusted_proxies=list(trusted_proxies), public_url=public_url
        ),
        media=MediaSettings.model_validate({"host": "127.0.0.1", "udp_port": 0, **(media or {})}),
        database=DatabaseSettings(url=database_url),
        limits=limits,
        accounts=account_settings,
        oidc=oidc or OidcSettings(),
        rooms=RoomSettings(open=open_rooms),
        webhooks=webhooks or WebhookSettings(),
        sfu=sfu or SfuSettings(),
        plain=plain or PlainSettings(),
        mail=mail or MailSettings(),
        storage=storage or StorageSettings(),
        jobs=jobs or JobSettings(),
        recording=recording or RecordingSettings(),
        coursework=coursework or CourseworkSettings(),
        analytics=analytics or AnalyticsSettings(),
    )
    if not database_url:
        begin_fresh(data_dir)
    with checked_wire() if checked else nullcontext():
        server = await start_server(settings)
        try:
            async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
                yield Api(server, session)
        finally:
            await server.close()
            web_app._cached_build_middleware.cache_clear()  # or aiohttp keeps every ended server


async def raw_status(api: Api, line: str, header: bytes) -> int:
    """The status of a request whose header fields hold bytes that no client library would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.server.listening.http_port)
    writer.write(line.encode() + b" HTTP/1.1\r\nHost: localhost\r\n" + header + b"\r\n\r\n")
    status = (await reader.readline()).split()[1]
    writer.close()
    await writer.wait_closed()
    return int(status)
