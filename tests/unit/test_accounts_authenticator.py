"""What the server remembers of ended sessions and changed rights, while tokens of before are about."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vtp.accounts.authenticator import Changes, TokenAuthenticator
from vtp.accounts.keyring import open_keyring
from vtp.accounts.tokens import AccessClaims, Rights, Tokens, room_claims
from vtp.errors import NotSignedIn
from vtp.http.identity import Role

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TTL = timedelta(minutes=15)
TEACHER, STUDENT = Rights(Role.TEACHER, True, False), Rights(Role.STUDENT, True, True)


class Door:
    """An authenticator with its keys, on a clock of the test's."""

    def __init__(self, folder: Path, *, second_factor_for: tuple[str, ...] = ()) -> None:
        self.tokens = Tokens(open_keyring(folder, NOON))
        self.changes = Changes(TTL, second_factor_for)
        self.authenticator = TokenAuthenticator(self.tokens, self.changes)

    def token(self, made_at: datetime, rights: Rights = TEACHER, session: str = "session") -> str:
        claims = AccessClaims("ada", "a@b.c", "Ada", session, rights, "token", made_at + TTL)
        return self.tokens.sign_access(claims, made_at)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def test_a_token_says_who_calls(door: Door) -> None:
    principal = door.authenticator.read(door.token(NOON), NOON)
    assert (principal.user_id, principal.role, principal.verified) == ("ada", Role.TEACHER, True)
    assert (principal.session_id, principal.room, principal.publish) == ("session", None, None)


def test_changed_rights_replace_those_of_tokens_made_before(door: Door) -> None:
    token = door.token(NOON)
    door.changes.change_rights("ada", STUDENT, NOON + timedelta(minutes=1))
    principal = door.authenticator.read(token, NOON + timedelta(minutes=2))
    assert (principal.role, principal.publish) == (Role.STUDENT, False)


def test_a_token_made_after_the_change_speaks_for_itself(door: Door) -> None:
    door.changes.change_rights("ada", STUDENT, NOON)
    later = NOON + timedelta(seconds=5)
    assert door.authenticator.read(door.token(later), later).role is Role.TEACHER


def test_a_disabled_account_is_not_signed_in(door: Door) -> None:
    door.changes.change_rights("ada", Rights(Role.TEACHER, True, False, disabled=True), NOON)
    with pytest.raises(NotSignedIn):
        door.authenticator.read(door.token(NOON), NOON)


def test_an_ended_session_ends_its_tokens_and_no_others(door: Door) -> None:
    door.changes.end_sessions(["session"], NOON)
    with pytest.raises(NotSignedIn) as caught:
        door.authenticator.read(door.token(NOON), NOON)
    assert caught.value.code == "session_ended"
    door.authenticator.read(door.token(NOON, session="other"), NOON)


def test_what_no_token_can_need_any_more_is_forgotten(door: Door) -> None:
    for minute in range(60):
        at = NOON + timedelta(minutes=minute)
        door.changes.end_sessions([f"session-{minute}"], at)
        door.changes.change_rights(f"user-{minute}", STUDENT, at)
    remembered = [minute for minute in range(60) if door.changes.has_ended(f"session-{minute}")]
    assert remembered == list(range(44, 60))
    assert len(door.changes._rights) == 16


def test_a_room_token_is_a_verified_guest_of_one_room(door: Door) -> None:
    claims = room_claims("room", publish=True, watch=False, full_name="OBS", now=NOON, ttl=TTL)
    principal = door.authenticator.read(door.tokens.sign_room(claims, NOON), NOON)
    assert (principal.role, principal.user_id, principal.room) == (Role.GUEST, None, "room")
    assert (principal.verified, principal.publish, principal.watch) == (True, True, False)


@pytest.mark.parametrize(
    ("held", "recalled", "told"),
    [
        (TEACHER, TEACHER, False),
        (TEACHER, STUDENT, True),
        (Rights(Role.TEACHER, False, False), TEACHER, True),
        (TEACHER, Rights(Role.TEACHER, True, False, disabled=True), True),
    ],
)
def test_what_another_process_changed_is_told_to_who_has_other_rights(
    door: Door, held: Rights, recalled: Rights, told: bool
) -> None:
    principal, heard = door.authenticator.read(door.token(NOON, held), NOON), list[bool]()
    door.changes.add_listener(lambda concerns: heard.append(concerns(principal)))
    door.changes.recall_rights("ada", recalled, NOON)
    door.changes.recall_rights("ada", recalled, NOON + timedelta(seconds=1))  # the next look finds it again
    assert heard == [told]


@pytest.mark.parametrize(("demanded_of", "told"), [(("teacher",), True), (("admin",), False)])
def test_a_second_factor_that_another_process_took_off_is_told_where_the_role_demands_one(
    tmp_path: Path, demanded_of: tuple[str, ...], told: bool
) -> None:
    door, heard = Door(tmp_path, second_factor_for=demanded_of), list[bool]()
    with_one = Rights(Role.TEACHER, True, False, second_factor=True)
    principal = door.authenticator.read(door.token(NOON, with_one), NOON)
    assert not principal.lacks_second_factor
    door.changes.add_listener(lambda concerns: heard.append(concerns(principal)))
    door.changes.recall_rights("ada", TEACHER, NOON)
    assert heard == [told]
    assert door.authenticator.read(door.token(NOON, with_one), NOON).lacks_second_factor is told
