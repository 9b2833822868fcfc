"""Settings: the order of the sources, and sentences for what is wrong."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from vtp.db.urls import parse_url
from vtp.errors import StartupError
from vtp.settings import HttpSettings, Settings, WebhookSettings
from vtp.settings_loading import load_settings
from vtp.settings_sources import known_paths, walk_paths

CONFIG = Path(__file__).resolve().parents[2] / "config"


def folder_with(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text)
    return tmp_path


def refusal(environ: dict[str, str], config_dir: Path = CONFIG) -> str:
    with pytest.raises(StartupError) as caught:
        load_settings(environ, config_dir=config_dir)
    return str(caught.value)


def test_default_file_says_what_the_code_does() -> None:
    assert load_settings({}, config_dir=CONFIG) == Settings()


def test_default_file_names_every_setting_but_the_profile() -> None:
    written = set(walk_paths(tomllib.loads((CONFIG / "default.toml").read_text())))
    assert written == set(known_paths(Settings)) - {"env"}


def test_default_file_explains_every_setting() -> None:
    explained = False
    for line in (CONFIG / "default.toml").read_text().splitlines():
        if line.startswith("#"):
            explained = True
        elif not line.strip():
            explained = False
        elif not line.startswith("["):
            assert explained, f"no comment above {line!r}"


@pytest.mark.parametrize("profile", ["development", "production", "bench"])
def test_each_profile_loads(profile: str) -> None:
    assert load_settings({"VTP_ENV": profile}, config_dir=CONFIG).env == profile


def test_environment_ranks_above_profile_above_default(tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path,
        default="[http]\nport = 1\ntls_port = 2\nhost = 'a'",
        school="[http]\ntls_port = 3\nhost = 'b'",
    )
    settings = load_settings({"VTP_ENV": "school", "VTP_HTTP__HOST": "c"}, config_dir=folder)
    assert (settings.http.port, settings.http.tls_port, settings.http.host) == (1, 3, "c")


def test_command_line_ranks_above_environment() -> None:
    settings = load_settings({"VTP_ROOMS__OPEN": "false"}, overrides={"rooms": {"open": True}})
    assert settings.rooms.open is True


@pytest.mark.parametrize("written", ["10.0.0.1, 192.168.0.0/16", '["10.0.0.1", "192.168.0.0/16"]'])
def test_list_from_the_environment_is_json_or_commas(written: str) -> None:
    settings = load_settings({"VTP_HTTP__TRUSTED_PROXIES": written})
    assert settings.http.trusted_proxies == ["10.0.0.1/32", "192.168.0.0/16"]


def test_unknown_variable_is_refused_with_its_path_and_a_guess() -> None:
    sentence = refusal({"VTP_HTTP__PROT": "9000"})
    assert sentence == "The setting http.prot (in VTP_HTTP__PROT) does not exist; did you mean http.port?"


def test_unknown_section_is_refused() -> None:
    assert "The setting htpp.host (in VTP_HTPP__HOST) does not exist" in refusal({"VTP_HTPP__HOST": "x"})


def test_unknown_key_in_a_file_is_refused_with_the_file(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, default="[media]\nupd_port = 1")
    sentence = refusal({}, folder)
    assert sentence.startswith(f"The setting media.upd_port (in {tmp_path}/default.toml) does not exist")
    assert sentence.endswith("did you mean media.udp_port?")


def test_unknown_key_inside_a_json_section_is_refused() -> None:
    assert "http.prot" in refusal({"VTP_HTTP": '{"prot": 1}'})


def test_bad_value_is_refused_with_its_variable() -> None:
    sentence = refusal({"VTP_HTTP__PORT": "eighty"})
    assert sentence.startswith("The setting http.port (in VTP_HTTP__PORT) is not acceptable: input should")


def test_port_beyond_the_last_is_refused() -> None:
    assert "http.port" in refusal({"VTP_HTTP__PORT": "65536"})


@pytest.mark.parametrize(
    "name", ["RECEIVE_BUFFER_BYTES", "SEND_BUFFER_BYTES", "GATHER_VIEWERS", "MAX_INCOMING_BITRATE_BPS"]
)
def test_number_that_the_packet_path_cannot_hold_is_refused(name: str) -> None:
    assert f"media.{name.lower()}" in refusal({f"VTP_MEDIA__{name}": "99999999999999"})


def test_star_is_no_cors_origin() -> None:
    assert "write an origin such as" in refusal({"VTP_HTTP__CORS_ORIGINS": "*"})


def test_files_without_their_paths_are_refused() -> None:
    assert "needs both http.tls_cert and http.tls_key" in refusal({"VTP_HTTP__TLS": "files"})


def test_absent_profile_is_refused_with_the_ones_there_are() -> None:
    sentence = refusal({"VTP_ENV": "prodution"})
    assert "no prodution.toml" in sentence
    assert "bench, development, production" in sentence


def test_profile_cannot_leave_the_folder() -> None:
    assert "VTP_ENV is '../secrets'" in refusal({"VTP_ENV": "../secrets"})


def test_broken_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, default="[http\nport = 1")
    assert "not valid TOML" in refusal({}, folder)


def test_dotenv_in_the_working_folder_ranks_below_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("VTP_HTTP__PORT=7001\nVTP_HTTP__HOST=from-dotenv\nUNRELATED=1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VTP_HTTP__PORT", "7002")
    settings = load_settings()
    assert (settings.http.host, settings.http.port) == ("from-dotenv", 7002)


def test_direct_construction_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VTP_DATA_DIR", "/elsewhere")
    assert Settings().data_dir == Path("data")


@pytest.mark.parametrize("name", ["data", "class of 2026", "what?", "100%", "a#b", "müsli"])
def test_database_is_a_file_of_the_data_folder_unless_set(tmp_path: Path, name: str) -> None:
    settings = Settings(data_dir=tmp_path / name)
    assert parse_url(settings.database_url()).file == tmp_path / name / "vtp.sqlite3"


def test_empty_data_folder_is_refused_and_not_the_current_one() -> None:
    assert "leave the setting out" in refusal({"VTP_DATA_DIR": ""})


def test_fault_of_a_whole_section_blames_no_single_variable() -> None:
    sentence = refusal({"VTP_HTTP__HOST": "127.0.0.1", "VTP_HTTP__TLS": "files"})
    assert "tls_cert" in sentence and "VTP_HTTP__HOST" not in sentence


ACME = {"tls": "acme", "public_url": "https://school.example", "acme_agree": True}


def test_acme_orders_for_the_public_name_first() -> None:
    http = HttpSettings.model_validate(
        {**ACME, "public_url": "https://Schüle.example:8443", "acme_names": "www.school.example, b.example"}
    )
    assert http.acme_hosts == ["xn--schle-mva.example", "www.school.example", "b.example"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"public_url": ""}, "set http.public_url"),
        ({"public_url": "https://203.0.113.7"}, "no certificate for 203.0.113.7"),
        ({"public_url": "https://localhost"}, "no certificate for localhost"),
        ({"acme_agree": False}, "set http.acme_agree = true"),
        ({"acme_names": ["*.school.example"]}, "write host names"),
        ({"acme_directory": "http://authority.example/dir"}, "https address of an ACME directory"),
        ({"acme_eab_kid": "school"}, "come in a pair"),
        ({"acme_eab_kid": "school", "acme_eab_key": "abc+/def="}, "base64url"),
        ({"acme_eab_kid": "school", "acme_eab_key": "aGVsbG8 d29ybGQ"}, "base64url"),
        ({"acme_eab_kid": "school", "acme_eab_key": "aGVsb"}, "base64url"),
    ],
)
def test_acme_that_cannot_work_is_refused(changed: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        HttpSettings.model_validate(ACME | changed)


def test_a_wrong_key_of_an_authority_is_refused_without_being_shown() -> None:
    told = refusal({"VTP_HTTP__ACME_EAB_KEY": "not+base64url/"})
    assert "The setting http.acme_eab_key" in told and "correct it and start again" in told
    assert "not+base64url" not in told


@pytest.mark.parametrize(
    "host",
    ["https://lms.example", "lms.example/hooks", "lms.example:443", "*", "lms.*", "*.", "a b", "", "1.2.3",
     "*.10.0.0.1", "10.0.0.0/8", "::1::", "-lms.example", "a..b"],
)  # fmt: skip
def test_a_host_that_no_webhook_could_go_to_is_refused(host: str) -> None:
    told = refusal({"VTP_WEBHOOKS__ALLOWED_HOSTS": f'["lms.example", "{host}"]'})
    assert "webhooks.allowed_hosts" in told and "write hosts such as lms.example" in told


def test_hosts_for_webhooks_are_kept_as_addresses_name_them() -> None:
    written = ["LMS.example", "*.Schüle.example", "moodle", "203.0.113.7", "2001:DB8::1", "a_b.example"]
    hosts = WebhookSettings(allowed_hosts=written).allowed_hosts
    assert hosts == [
        "lms.example", "*.xn--schle-mva.example", "moodle", "203.0.113.7", "2001:db8::1", "a_b.example",
    ]  # fmt: skip
