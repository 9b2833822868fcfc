"""What administrators see of the server: how it is, and what it is set to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.serving import Api, Person
from vtp.backup.last import note_backup
from vtp.overview.shown_settings import shown_settings, without_secrets
from vtp.settings import DatabaseSettings, MediaSettings, OidcProvider, OidcSettings, Settings
from vtp.settings_loading import load_settings

STATE, SETTINGS = "/api/v1/server/state", "/api/v1/server/settings"


@pytest.fixture
async def admin(api: Api) -> Person:
    return await api.person("admin")


async def test_an_admin_sees_how_the_server_is(api: Api, admin: Person) -> None:
    at = datetime(2026, 11, 29, 3, tzinfo=UTC)
    settings = api.server.services.settings
    before = (await api.call("GET", STATE, by=admin)).body
    assert before["last_backup_at"] is None
    note_backup(settings.data_dir, at)
    answer = await api.call("GET", STATE, by=admin)
    state = answer.body
    assert answer.headers["Cache-Control"] == "no-store"
    assert state["checks"] == {"database": "ok", "media": "ok", "disk": "ok"}
    assert state["database"].startswith(("sqlite:///", "postgresql://"))
    assert datetime.fromisoformat(state["last_backup_at"]) == at
    assert datetime.fromisoformat(state["started_at"]) <= datetime.now(UTC)
    assert 0 < state["disk_free_bytes"] <= state["disk_total_bytes"]
    assert {one["protocol"] for one in state["media"]} <= {"udp", "tcp"} and state["media"]
    nothing = ("classes", "jobs_waiting", "jobs_running", "jobs_failed", "mails_waiting", "mails_failed")
    assert {state[name] for name in nothing} == {0}
    assert (state["draining"], state["mail"], state["turn"]) == (False, "", [])


async def test_an_admin_sees_the_rest_while_the_data_folder_is_away(api: Api, admin: Person) -> None:
    folder = api.server.services.settings.data_dir
    away = folder.rename(folder.with_name("away"))
    try:
        state = (await api.call("GET", STATE, by=admin)).body
    finally:
        away.rename(folder)
    assert (state["disk_free_bytes"], state["disk_total_bytes"]) == (0, 0)
    assert state["checks"]["disk"] != "ok"
    assert state["version"]


async def test_an_admin_sees_every_setting_and_no_secret(api: Api, admin: Person) -> None:
    items = {one["name"]: one for one in (await api.call("GET", SETTINGS, by=admin)).body["items"]}
    assert json.loads(items["recording.min_free_bytes"]["value"]) > 0
    assert items["mail.password"] == {
        "name": "mail.password",
        "value": "",
        "secret": True,
        "is_set": False,
        "origin": "",
    }


def test_settings_say_where_they_come_from(tmp_path: Path) -> None:
    (tmp_path / "default.toml").write_text('[http]\nport = 8081\n[log]\nlevel = "info"\n')
    settings = load_settings({"VTP_LOG__LEVEL": "debug"}, config_dir=tmp_path)
    origins = {one.name: (one.value, one.origin) for one in shown_settings(settings)}
    assert origins["http.port"] == ("8081", "default.toml")
    assert origins["log.level"] == ('"debug"', "VTP_LOG__LEVEL")
    assert origins["http.tls"][1] == ""


def test_nothing_secret_is_shown_wherever_it_stands() -> None:
    provider = OidcProvider(
        name="school", issuer="https://id.school.example", client_id="vtp", client_secret=SecretStr("geheim")
    )
    settings = Settings(
        database=DatabaseSettings(url="postgresql://vtp:geheim@db.example/vtp?sslpassword=geheim"),
        media=MediaSettings(turn_urls=["turn:t.example"], turn_secret=SecretStr("geheim-geheim-geheim")),
        oidc=OidcSettings(providers=[provider]),
    )
    shown = shown_settings(settings)
    assert "geheim" not in json.dumps([one.model_dump() for one in shown])
    values = {one.name: one for one in shown}
    assert values["database.url"].value == '"postgresql://…@db.example/vtp?…"'
    assert values["media.turn_secret"].is_set
    assert without_secrets("s3://bucket/folder") == "s3://bucket/folder"


@pytest.mark.parametrize(
    "word", ["ge/heim", "/ge/heim/", "ge heim", "ge?heim", "ge@heim", "ge:heim#", "heim/@", "?heim"]
)
def test_a_password_with_any_mark_in_it_is_not_shown_of_an_address(word: str) -> None:
    for address in (
        f"postgresql://vtp:{word}@db.example/vtp",
        f"postgresql://vtp:{word}@db.example/vtp?ssl=heim/ heim",
        f"https://lrs.example/x?key={word}",
    ):
        shown = without_secrets(address)
        assert "ge" not in shown and "heim" not in shown, shown
        assert shown.startswith(address.partition("://")[0])
        if "?" not in word and "lrs" not in address:
            assert shown.startswith("postgresql://…@db.example/vtp")
