"""`vtp admin`: accounts, tokens and upkeep, with or without a server running on the same data folder."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from vtp.cli.anonymize import anonymize
from vtp.cli.backup import backup, check, restore
from vtp.cli.course import app as course_app
from vtp.cli.drain import drain
from vtp.counted import counted
from vtp.errors import Invalid, StartupError, VtpError
from vtp.settings import Settings
from vtp.settings_loading import load_settings

if TYPE_CHECKING:  # loaded by the commands that need them, so that help and drain stay quick
    from sqlalchemy.ext.asyncio import AsyncConnection

    from vtp.accounts.build import Accounts
    from vtp.db import Database

DEFAULT_TTL_S = 86_400
MAX_TTL_S = 366 * 86_400
T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Accounts, tokens and upkeep; also beside a running server.",
)
app.add_typer(course_app, name="course")
app.command("drain")(drain)
app.command("backup")(backup)
app.command("restore")(restore)
app.command("check")(check)
app.command("anonymize")(anonymize)


@app.command("create-user")
def create_user(
    email: Annotated[str, typer.Option(help="The address to sign in with.")],
    role: Annotated[str, typer.Option(help="admin, teacher, assistant or student.")] = "student",
    name: Annotated[str, typer.Option(help="Full name; the part before the @ when left out.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Make an account that is active and verified at once; prints its id."""
    password = _read_password(password_stdin)
    print(_run(lambda: _create_user(load_settings(), email, role, name, password)))


@app.command("password-link")
def password_link(email: Annotated[str, typer.Option(help="The address of the account.")]) -> None:
    """Print a link by which somebody chooses a new password; good once, for an hour, and mailed to nobody.

    For who can be helped in no other way. Without http.public_url it is what follows the server's address.
    """
    print(_run(lambda: _password_link(load_settings(), email)))


@app.command("token")
def token(
    room: Annotated[str, typer.Option(help="The room's id or slug; made when there is none.")] = "",
    service: Annotated[
        bool,
        typer.Option("--service", help="A token for /sfu instead, for a server-side program: all rooms."),
    ] = False,
    publish: Annotated[bool, typer.Option("--publish", help="The token may publish.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="The token may watch; this is what it may without --publish.")
    ] = False,
    ttl: Annotated[
        int, typer.Option(min=1, max=MAX_TTL_S, help="Seconds that the token is good for.")
    ] = DEFAULT_TTL_S,
    name: Annotated[str, typer.Option(help="The name shown for who uses the token.")] = "",
    create: Annotated[
        bool,
        typer.Option(
            "--create/--no-create",
            help="Make the room when there is none of this name; with --service: the token may make rooms.",
        ),
    ] = True,
) -> None:
    """Make a token for one room (for `vtp publish`, OBS, a player), or for a service; prints the token alone.

    A slug without a room makes the room, so that one command is enough; --no-create refuses it.
    """
    ttl_s = timedelta(seconds=ttl)
    if service:
        if room or publish or watch:
            raise StartupError("--service goes without --room, --publish and --watch: it opens /sfu.")
        print(_run(lambda: _service_token(load_settings(), ttl_s, name or "Service", create=create)))
        return
    if not room:
        raise StartupError("Name the room with --room, or say --service for a token that opens /sfu.")
    rights = (publish, watch or not publish)
    print(_run(lambda: _room_token(load_settings(), room, rights, ttl_s, name or "Guest", create=create)))


@app.command("migrate")
def migrate() -> None:
    """Bring the database's schema up to date, as `vtp serve` does at its start."""
    print(_run(lambda: _migrate(load_settings())))


@app.command("reseal")
def reseal(
    same_key: Annotated[
        bool, typer.Option("--same-key", help="Make no new key: only seal what older ones have sealed.")
    ] = False,
) -> None:
    """Make a new key for sealed columns (second factors, mails) and seal them again; servers may run."""
    print(_run(lambda: _reseal(load_settings(), new_key=not same_key)))


async def _reseal(settings: Settings, *, new_key: bool) -> str:
    from vtp.accounts.audit import Event, Origin
    from vtp.resealing import reseal as reseal_columns
    from vtp.sealing import add_key, open_sealer

    folder = settings.secrets_folder()
    async with _opened(settings) as (database, accounts):
        if new_key:
            add_key(folder)
        sealer = open_sealer(folder)
        done, lost = await reseal_columns(database, sealer)
        details = {"key": sealer.newest, "values": done, "unreadable": lost}
        origin = Origin(user_agent="vtp admin reseal")
        await accounts.audit.note(Event.COLUMNS_RESEALED, origin, subject="server", details=details)
    unread = (
        f" {lost} could not be read by any key and {'stays as it is' if lost == 1 else 'stay as they are'}."
        if lost
        else ""
    )
    return f"{counted(done, 'value is', 'values are')} sealed with key {sealer.newest} now.{unread}"


async def _create_user(settings: Settings, email: str, role: str, name: str, password: str) -> str:
    from vtp.accounts.schemas import Email, RoleWord
    from vtp.http.text import Name

    email = _checked(Email, email, "--email")
    role = _checked(RoleWord, role, "--role")
    name = _checked(Name, name or email.partition("@")[0], "--name")
    async with _opened(settings) as (_, accounts):
        user = await accounts.administration.create_user(email, password, name, role)
        return user.id


async def _password_link(settings: Settings, email: str) -> str:
    from vtp.accounts.audit import Origin
    from vtp.accounts.schemas import Email

    email = _checked(Email, email, "--email")
    async with _opened(settings) as (_, accounts):
        return await accounts.recovery.hand_out(email, Origin(user_agent="vtp admin password-link"))


async def _room_token(
    settings: Settings, room: str, rights: tuple[bool, bool], ttl: timedelta, name: str, *, create: bool
) -> str:
    from vtp.accounts.audit import Event, Origin
    from vtp.accounts.tokens import room_claims
    from vtp.http.text import Name

    name = _checked(Name, name, "--name")
    now = datetime.now(UTC)
    async with _opened(settings) as (database, accounts):
        async with database.transaction() as tx:
            room_id = await _find_or_create(tx, room, now, create=create)
            publish, watch = rights
            claims = room_claims(room_id, publish=publish, watch=watch, full_name=name, now=now, ttl=ttl)
            details = {"publish": publish, "watch": watch, "token_id": claims.token_id}
            origin = Origin(user_agent="vtp admin token")
            subject = f"room:{room_id}"
            await accounts.audit.record(tx, Event.TOKEN_CREATED, origin, subject=subject, details=details)
        return accounts.tokens.sign_room(claims, now)


async def _service_token(settings: Settings, ttl: timedelta, name: str, *, create: bool) -> str:
    from vtp.accounts.audit import Event, Origin
    from vtp.accounts.tokens import service_claims
    from vtp.http.text import Name

    name = _checked(Name, name, "--name")
    now = datetime.now(UTC)
    async with _opened(settings) as (_, accounts):
        claims = service_claims(name=name, create=create, now=now, ttl=ttl)
        details = {"name": name, "create": create, "token_id": claims.token_id}
        origin = Origin(user_agent="vtp admin token")
        await accounts.audit.note(Event.TOKEN_CREATED, origin, subject="service", details=details)
        return accounts.tokens.sign_service(claims, now)


async def _find_or_create(tx: AsyncConnection, reference: str, now: datetime, *, create: bool) -> str:
    from vtp.rooms.naming import add_new_room, check_reference, check_slug
    from vtp.rooms.store import find_room

    check_reference(reference)
    room = await find_room(tx, reference)
    if room is not None:
        return room.id
    if not create:
        raise StartupError(
            f"There is no room {reference}: create it in the browser, or leave out --no-create."
        )
    try:
        slug = check_slug(reference)
    except ValueError as error:
        raise StartupError(f"No room can be called {reference}: {error}.") from error
    return (await add_new_room(tx, slug, slug, None, {}, now)).id


async def _migrate(settings: Settings) -> str:
    from vtp.db import Database

    database = Database.connect(settings.database_url(), patient=True)
    try:
        applied = await database.migrate()
    finally:
        await database.close()
    return f"Applied {', '.join(applied)}." if applied else "The schema is up to date."


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Database, Accounts]]:
    """The database and the accounts' services, as the server builds them."""
    from vtp.accounts.build import Accounts
    from vtp.db import Database

    database = await Database.open(settings.database_url())
    try:
        accounts = Accounts.build(database, settings)
        try:
            yield database, accounts
        finally:
            accounts.close()
    finally:
        await database.close()


def _run(make: Callable[[], Awaitable[T]]) -> T:
    """Runs a command; what a service refuses ends it with the sentence instead of a traceback."""

    async def run() -> T:
        return await make()

    try:
        return asyncio.run(run())
    except VtpError as error:
        faults = error.errors if isinstance(error, Invalid) else []
        reasons = " ".join(_sentence(field.detail) for field in faults)
        raise StartupError(f"{error.detail} {reasons}".strip()) from error


def _checked(kind: Any, value: str, option: str) -> str:
    """Validates an option as the HTTP interface would."""
    try:
        checked: str = TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise StartupError(f"{option} {value!r} is not acceptable: {reason.rstrip('.')}.") from error
    return checked


def _read_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise StartupError("There is no terminal to ask for a password: pipe it in and add --password-stdin.")
    return getpass.getpass("Password of the new account: ")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
