"""`vtp admin` beside a running server, and without one: accounts and room tokens that the server takes."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.fresh_database import begin_fresh
from tests.postgres import PostgresServer
from tests.server_process import ROOT, command, environment
from tests.serving import FULL_WIDTH, PASSWORD, Api, serving
from vtp.accounts.tables import audit_log, users
from vtp.accounts.users import NO_PASSWORD
from vtp.mail.tables import mails
from vtp.settings import SfuSettings


async def run(
    data_dir: Path, *arguments: str, stdin: str = "", database_url: str = ""
) -> tuple[int, str, str]:
    """Runs the real command in a process of its own; gives its code and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        *command("admin", *arguments),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        cwd=ROOT, env=environment(data_dir, {"VTP_DATABASE__URL": database_url}),
    )  # fmt: skip
    out, err = await process.communicate(stdin.encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def make_user(data_dir: Path, email: str, role: str, database_url: str = "") -> tuple[int, str, str]:
    arguments = ["create-user", "--email", email, "--role", role, "--password-stdin"]
    return await run(data_dir, *arguments, stdin=f"{PASSWORD}\n", database_url=database_url)


async def test_an_account_made_beside_a_running_server_signs_in_at_once(api: Api, database_url: str) -> None:
    data_dir = api.server.services.settings.data_dir
    code, out, err = await make_user(data_dir, "Ada@School.example", "instructor", database_url)
    assert (code, err) == (0, "")
    person = await api.sign_in("ada@school.example")
    assert person.user_id == out.strip()
    profile = await api.call("GET", "/api/v1/auth/profile", by=person)
    assert (profile.body["role"], profile.body["verified"]) == ("teacher", True)


async def test_a_password_is_chosen_by_a_printed_link_where_nobody_can_read_mails(
    api: Api, database_url: str
) -> None:
    """The only administrator, who has no password, and may do nothing before there is a second factor."""
    data_dir = api.server.services.settings.data_dir
    admin = await api.person("admin", "root@school.example")
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(users).values(password_hash=NO_PASSWORD))
    link = ["password-link", "--email", "Root@School.example"]
    code, out, err = await run(data_dir, *link, database_url=database_url)
    assert (code, err) == (0, "")
    page, _, token = out.strip().partition("#token=")
    assert page.endswith("/reset")
    chosen = {"token": token, "new_password": "nine loud red kettles"}
    assert (await api.call("POST", "/api/v1/auth/reset-password", chosen)).status == 200
    assert (await api.call("POST", "/api/v1/auth/reset-password", chosen)).status == 410
    login = {"email": admin.email, "password": chosen["new_password"]}
    signed_in = await api.call("POST", "/api/v1/auth/login", login)
    proof = {"password": chosen["new_password"]}
    set_up = await api.call("POST", "/api/v1/auth/2fa/setup", proof, by=signed_in.body["access_token"])
    assert set_up.status == 200
    async with api.server.services.database.read() as tx:
        (entry,) = await tx.execute(select(audit_log).where(audit_log.c.event == "password_reset_sent"))
        assert (await tx.execute(select(mails).where(mails.c.kind == "reset_password"))).all() == []
    assert (entry.subject, entry.details) == (f"user:{admin.user_id}", {"by": "command"})


async def test_a_room_token_made_beside_a_running_server_opens_its_room(api: Api, database_url: str) -> None:
    teacher = await api.person("teacher")
    await api.call("POST", "/api/v1/signalling/room/create", {"room_name": "Physics"}, by=teacher)
    await api.call("POST", "/api/v1/signalling/room/create", {"room_name": "Maths"}, by=teacher)
    data_dir = api.server.services.settings.data_dir
    code, out, _ = await run(data_dir, "token", "--room", "physics", "--publish", database_url=database_url)
    assert code == 0
    assert out.count("\n") == 1
    token = out.strip()
    seen = await api.call("GET", "/api/v1/rooms/physics", by=token)
    granted = {right for right, may in seen.body["may"].items() if may}
    assert granted == {"enter", "publish", "speak", "camera", "share"}
    assert (await api.call("GET", "/api/v1/rooms/maths", by=token)).status == 403


async def test_a_service_token_made_beside_a_running_server_opens_sfu(
    tmp_path: Path, database_url: str
) -> None:
    async with serving(tmp_path / "data", database_url, sfu=SfuSettings(enabled=True)) as api:
        code, out, err = await run(
            tmp_path / "data", "token", "--service", "--name", "LMS", "--ttl", "60", database_url=database_url
        )
        assert (code, err, out.count("\n")) == (0, "", 1)
        token = out.strip()
        assert (await api.call("GET", "/sfu/rooms", by=token)).status == 200
        assert (await api.call("GET", "/api/v1/rooms", by=token)).status == 401
        async with api.server.services.database.read() as tx:
            (entry,) = await tx.execute(select(audit_log).where(audit_log.c.subject == "service"))
        assert (entry.event, entry.details["name"]) == ("authn_token_created", "LMS")
        assert token.rsplit(".", 1)[1] not in str(entry)


@pytest.mark.from_disk
async def test_the_commands_work_before_the_server_ever_ran(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    assert (await make_user(data_dir, "root@school.example", "admin"))[0] == 0
    code, token, _ = await run(data_dir, "token", "--room", "demo", "--watch")
    assert code == 0
    async with serving(data_dir) as api:
        assert api.server.setup_token is None
        await api.sign_in("root@school.example")
        assert (await api.call("GET", "/api/v1/rooms/demo", by=token.strip())).status == 200


@pytest.mark.drawn(4)
@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        (
            ["token", "--service", "--room", "physics"],
            "",
            "--service goes without --room, --publish and --watch: it opens /sfu.",
        ),
        (["token"], "", "Name the room with --room, or say --service for a token that opens /sfu."),
        (
            ["token", "--room", "missing", "--no-create"],
            "",
            "There is no room missing: create it in the browser, or leave out --no-create.",
        ),
        (["token", "--room", "a b"], "", "slug of 1 to 64 letters"),
        (["create-user", "--email", "x", "--password-stdin"], PASSWORD, "write an email address"),
        (["create-user", "--email", "a@b.c", "--role", "king", "--password-stdin"], PASSWORD, "no such role"),
        (["create-user", "--email", "a@b.c", "--role", "guest", "--password-stdin"], PASSWORD, "no account"),
        (["create-user", "--email", "a@b.c", "--password-stdin"], "short", "too short"),
        (["create-user", "--email", "a@b.c", "--password-stdin"], "", "too short"),
        (["create-user", "--email", "a@b.c", "--password-stdin"], FULL_WIDTH, "first that anybody"),
        (["create-user", "--email", "a@b.c"], PASSWORD, "--password-stdin"),
        (["password-link", "--email", "nobody@school.example"], "", "There is no account of this address."),
    ],
)
async def test_what_cannot_be_is_refused_with_one_sentence(
    tmp_path: Path, arguments: list[str], stdin: str, sentence: str
) -> None:
    begin_fresh(tmp_path)
    code, out, err = await run(tmp_path, *arguments, stdin=stdin)
    assert (code, out) == (1, "")
    assert sentence in err
    assert "Traceback" not in err
    assert err.count("\n") == 1


async def test_the_schema_is_brought_up_to_date_on_request(tmp_path: Path) -> None:
    assert (await run(tmp_path, "migrate"))[1].startswith("Applied 0001")
    assert (await run(tmp_path, "migrate"))[1] == "The schema is up to date.\n"


async def test_a_database_that_is_not_there_is_told_in_a_sentence(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    url = f"postgresql://vtp@/nowhere?host={postgres.folder}"
    code, _, err = await run(tmp_path, "migrate", database_url=url)
    assert code == 1
    assert 'database "nowhere" does not exist' in err
    assert err.count("\n") == 1
