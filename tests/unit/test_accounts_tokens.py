"""Access tokens and the keys that sign them: what is accepted, and everything that is not."""

import base64
import json
import stat
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from jwt.warnings import InsecureKeyLengthWarning

from vtp.accounts.keyring import KEPT_KEYS, ROTATE_AFTER, Keyring, open_keyring
from vtp.accounts.tokens import (
    MOST_TOKENS,
    AccessClaims,
    Rights,
    RoomClaims,
    Tokens,
    room_claims,
    service_claims,
)
from vtp.errors import NotSignedIn, StartupError
from vtp.http.identity import Role

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLAIMS = AccessClaims(
    "user",
    "ada@school.example",
    "Ada",
    "session",
    Rights(Role.TEACHER, True, False),
    "token",
    NOW + timedelta(minutes=15),
)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return open_keyring(tmp_path, NOW)


@pytest.fixture
def tokens(keyring: Keyring) -> Tokens:
    return Tokens(keyring)


def payload_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    payload: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return payload


def test_a_persons_token_reads_back_as_it_was_made(tokens: Tokens) -> None:
    assert tokens.read(tokens.sign_access(CLAIMS, NOW), NOW) == CLAIMS


def test_a_room_token_reads_back_as_it_was_made(tokens: Tokens) -> None:
    claims = room_claims("room", publish=True, watch=False, full_name="OBS", now=NOW, ttl=timedelta(hours=1))
    read = tokens.read(tokens.sign_room(claims, NOW), NOW)
    assert isinstance(read, RoomClaims)
    assert read == claims


def test_a_services_token_is_read_where_services_call_and_nowhere_else(tokens: Tokens) -> None:
    claims = service_claims(name="LMS", create=False, now=NOW, ttl=timedelta(hours=1))
    token = tokens.sign_service(claims, NOW)
    assert tokens.read_service(token, NOW) == claims
    with pytest.raises(NotSignedIn, match="kind of token") as caught:
        tokens.read(token, NOW)
    assert caught.value.code == "wrong_kind_of_token"
    room = room_claims("room", publish=True, watch=True, full_name="OBS", now=NOW, ttl=timedelta(hours=1))
    for other in (tokens.sign_access(CLAIMS, NOW), tokens.sign_room(room, NOW)):
        with pytest.raises(NotSignedIn, match="kind of token"):
            tokens.read_service(other, NOW)
    with pytest.raises(NotSignedIn, match="expired"):
        tokens.read_service(token, claims.expires_at)


def test_a_persons_claims_in_a_services_token_open_nothing(keyring: Keyring) -> None:
    tokens = Tokens(keyring)
    with pytest.raises(NotSignedIn, match="kind of token"):
        tokens.read(forge(keyring, typ="service+jwt"), NOW)
    with pytest.raises(NotSignedIn, match="malformed"):
        tokens.read_service(forge(keyring, typ="service+jwt"), NOW)
    assert tokens.read_service(forge(keyring, typ="service+jwt", create="yes"), NOW).create is False


def test_a_token_ends_at_its_time_and_not_before(tokens: Tokens) -> None:
    token = tokens.sign_access(CLAIMS, NOW)
    tokens.read(token, CLAIMS.expires_at - timedelta(seconds=1))
    with pytest.raises(NotSignedIn, match="expired") as caught:
        tokens.read(token, CLAIMS.expires_at)
    assert caught.value.code == "token_expired"


def test_a_token_that_was_good_once_ends_at_its_time_too(tokens: Tokens) -> None:
    token = tokens.sign_access(CLAIMS, NOW)
    for now in (NOW, CLAIMS.expires_at - timedelta(seconds=1)):
        assert tokens.read(token, now) == CLAIMS
    with pytest.raises(NotSignedIn, match="expired"):
        tokens.read(token, CLAIMS.expires_at)


def test_a_token_that_was_good_once_is_refused_when_its_key_is_gone(tokens: Tokens, tmp_path: Path) -> None:
    token = tokens.sign_access(CLAIMS, NOW)
    assert tokens.read(token, NOW) == CLAIMS
    tokens.use(open_keyring(tmp_path / "other", NOW))
    with pytest.raises(NotSignedIn, match="not made by this server"):
        tokens.read(token, NOW)


def test_a_services_token_opens_nothing_else_after_it_was_good_where_services_call(tokens: Tokens) -> None:
    claims = service_claims(name="lms", create=True, now=NOW, ttl=timedelta(hours=1))
    token = tokens.sign_service(claims, NOW)
    assert tokens.read_service(token, NOW) == claims
    with pytest.raises(NotSignedIn, match="kind of token"):
        tokens.read(token, NOW)


def test_good_tokens_are_not_remembered_without_bound(tokens: Tokens) -> None:
    for number in range(MOST_TOKENS + 1):
        tokens.read(tokens.sign_access(replace(CLAIMS, token_id=f"token {number}"), NOW), NOW)
    assert tokens._check.cache_info().currsize == MOST_TOKENS


def forge(keyring: Keyring, **changes: Any) -> str:
    """A token that is right in everything but what `changes` says; None leaves something out."""
    good = payload_of(Tokens(keyring).sign_access(CLAIMS, NOW))
    header = {"kid": keyring.current.kid, "typ": "at+jwt"}
    key: Any = changes.pop("key", keyring.current.secret)
    algorithm = changes.pop("alg", "HS256")
    header |= {name: changes.pop(name) for name in ("kid", "typ") if name in changes}
    payload = {name: value for name, value in (good | changes).items() if value is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureKeyLengthWarning)  # of HS512 with our key
        return jwt.encode(payload, key, algorithm, headers=header)


@pytest.mark.parametrize(
    "changes",
    [
        {"key": b"another key of the right length!"},
        {"alg": "none", "key": None},
        {"alg": "HS512"},
        {"kid": "unknown"},
        {"kid": "../../etc/passwd"},
        {"typ": "JWT"},
        {"typ": "room+jwt"},
        {"iss": "somebody"},
        {"aud": "something"},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": 10**20},
        {"sub": None},
        {"sid": None},
        {"role": "king"},
        {"jti": None},
    ],
)
def test_a_forged_or_odd_token_is_refused(keyring: Keyring, changes: dict[str, Any]) -> None:
    with pytest.raises(NotSignedIn):
        Tokens(keyring).read(forge(keyring, **changes), NOW)


def test_the_forgery_helper_makes_good_tokens_when_nothing_is_changed(keyring: Keyring) -> None:
    assert Tokens(keyring).read(forge(keyring), NOW) == CLAIMS


@pytest.mark.parametrize(
    "text", ["", "x", "a.b.c", "..", "é.é.é", "x" * 5000, "\x00.\x00.\x00", "eyJhbGciOiJub25lIn0.e30."]
)
def test_text_that_is_no_token_is_refused(tokens: Tokens, text: str) -> None:
    with pytest.raises(NotSignedIn):
        tokens.read(text, NOW)


def test_every_single_changed_character_breaks_a_token(tokens: Tokens) -> None:
    token = tokens.sign_access(CLAIMS, NOW)
    for place in range(0, len(token) - 1, 7):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(NotSignedIn):
            tokens.read(token[:place] + other + token[place + 1 :], NOW)


def test_keys_are_kept_where_only_their_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    open_keyring(folder, NOW)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [(file.name, stat.S_IMODE(file.stat().st_mode)) for file in folder.iterdir()] == [
        ("keys.json", 0o600)
    ]


def test_a_restart_keeps_the_keys(tmp_path: Path) -> None:
    token = Tokens(open_keyring(tmp_path, NOW)).sign_access(CLAIMS, NOW)
    assert Tokens(open_keyring(tmp_path, NOW)).read(token, NOW) == CLAIMS


def test_processes_that_start_at_once_agree_on_the_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: open_keyring(tmp_path / "s", NOW), range(16)))
    assert all(ring == rings[0] for ring in rings)


def test_an_old_key_is_replaced_by_the_server_only_and_still_verifies(tmp_path: Path) -> None:
    token = Tokens(open_keyring(tmp_path, NOW)).sign_access(CLAIMS, NOW)
    later = NOW + ROTATE_AFTER + timedelta(days=1)
    beside = open_keyring(tmp_path, later)
    assert len(beside.keys) == 1
    rotated = open_keyring(tmp_path, later, rotate=True)
    assert len(rotated.keys) == 2
    assert rotated.current.created_at == later
    assert Tokens(rotated).read(token, NOW) == CLAIMS
    assert open_keyring(tmp_path, later, rotate=True) == rotated


def test_the_oldest_keys_go_and_the_refresh_key_stays(tmp_path: Path) -> None:
    first = open_keyring(tmp_path, NOW)
    for year in range(1, 6):
        last = open_keyring(tmp_path, NOW + year * timedelta(days=365), rotate=True)
    assert len(last.keys) == KEPT_KEYS
    assert first.current not in last.keys
    assert last.refresh_key == first.refresh_key


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"keys": [], "refresh_key": ""}', '{"keys": 5, "refresh_key": "AA=="}']
)
def test_a_damaged_file_of_keys_ends_the_start_with_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys.json").write_text(text)
    with pytest.raises(StartupError, match=r"keys\.json"):
        open_keyring(tmp_path, NOW)
