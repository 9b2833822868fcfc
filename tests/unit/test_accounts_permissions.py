"""The table of rights: every action by every role, and how tokens narrow it."""

from dataclasses import dataclass, fields, replace
from itertools import product

import pytest

from vtp.accounts.permissions import RULES, Action, Circle, can, parse_role, require, standing_of
from vtp.errors import Forbidden
from vtp.http.identity import Principal, Role, guest_of_open_rooms

ADA, BOB = "01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a8058"


@dataclass(frozen=True)
class Thing:
    """A room, or a recording made in it."""

    owner_id: str | None = BOB
    room_id: str | None = "room-1"
    circles: tuple[tuple[Action, Circle], ...] = ()

    def circle(self, action: Action) -> Circle:
        return dict(self.circles).get(action, Circle.EVERYONE)


def closed_to_students(*actions: Action) -> Thing:
    return Thing(circles=tuple((action, Circle.STAFF) for action in actions))


def person(role: Role, **changes: object) -> Principal:
    made = Principal(ADA, "ada@school.example", "Ada", role, True, None, None, None, "token", "session")
    return replace(made, **changes)  # type: ignore[arg-type]


def room_token(*, publish: bool = False, watch: bool = False, room: str = "room-1") -> Principal:
    return Principal(None, "", "Guest", Role.GUEST, True, room, publish, watch, "token", None)


# What everybody may do: a = to anything, o = to what they own, - = never. admin, teacher, assistant, student
EXPECTED = {
    Action.ROOM_CREATE: "aa--",
    Action.ROOM_LIST: "aaaa",
    Action.ROOM_ENTER: "aaaa",
    Action.ROOM_PUBLISH: "aaaa",
    Action.ROOM_WATCH: "aaaa",
    Action.ROOM_SPEAK: "aaaa",
    Action.ROOM_CAMERA: "aaaa",
    Action.ROOM_SHARE: "aaaa",
    Action.ROOM_CHAT: "aaaa",
    Action.ROOM_MODERATE: "aaa-",
    Action.ROOM_APPOINT: "aa--",
    Action.ROOM_INVITE: "aaa-",
    Action.ROOM_UPDATE: "ao--",
    Action.ROOM_DELETE: "ao--",
    Action.RECORDING_START: "aaa-",
    Action.RECORDING_STOP: "aaa-",
    Action.RECORDING_LIST: "aaaa",
    Action.RECORDING_VIEW: "aaaa",
    Action.RECORDING_DOWNLOAD: "aaa-",
    Action.RECORDING_UPDATE: "ao--",
    Action.RECORDING_ANNOTATE: "aaa-",
    Action.RECORDING_SHARE: "ao--",
    Action.RECORDING_DELETE: "ao--",
    Action.COURSE_CREATE: "aa--",
    Action.COURSE_LIST: "aaaa",
    Action.COURSE_VIEW: "aaaa",
    Action.COURSE_TEACH: "aaa-",
    Action.COURSE_ENROL: "aaa-",
    Action.COURSE_UPDATE: "aa--",
    Action.COURSE_APPOINT: "aa--",
    Action.COURSE_DELETE: "ao--",
    Action.WEBHOOK_MANAGE: "ao--",
    Action.USER_MANAGE: "a---",
    Action.AUDIT_READ: "a---",
    Action.USER_INVITE: "aa--",
    Action.INVITATION_MANAGE: "ao--",
    Action.SERVER_MANAGE: "a---",
}
PEOPLE = (Role.ADMIN, Role.TEACHER, Role.ASSISTANT, Role.STUDENT)
CASES = [(action, role, EXPECTED[action][place]) for action in Action for place, role in enumerate(PEOPLE)]


def test_every_action_has_a_row_and_an_expectation() -> None:
    assert set(RULES) == set(Action) == set(EXPECTED)


@pytest.mark.parametrize(("action", "role", "reach"), CASES)
def test_a_role_reaches_as_far_as_the_table_says(action: Action, role: Role, reach: str) -> None:
    assert can(person(role), action, Thing(owner_id=BOB)) is (reach == "a")
    assert can(person(role), action, Thing(owner_id=ADA)) is (reach in "ao")
    assert can(person(role), action, Thing(owner_id=None)) is (reach == "a")
    assert can(person(role), action, None) is (reach == "a")


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("role", list(Role))
def test_who_is_not_verified_may_do_nothing(action: Action, role: Role) -> None:
    assert not can(person(role, verified=False), action, Thing(owner_id=ADA))


@pytest.mark.parametrize("action", list(Action))
def test_a_guest_without_a_room_may_do_nothing(action: Action) -> None:
    assert not can(person(Role.GUEST, user_id=None), action, Thing())


@pytest.mark.parametrize("action", list(Action))
def test_a_room_token_opens_its_room_as_far_as_it_says(action: Action) -> None:
    publisher, viewer = room_token(publish=True), room_token(watch=True)
    sending = {Action.ROOM_SPEAK, Action.ROOM_CAMERA, Action.ROOM_SHARE}
    assert can(publisher, action, Thing()) is (action in {Action.ROOM_ENTER, Action.ROOM_PUBLISH, *sending})
    watching = {Action.ROOM_ENTER, Action.ROOM_WATCH, Action.ROOM_CHAT, Action.RECORDING_VIEW}
    assert can(viewer, action, Thing()) is (action in watching)


@pytest.mark.parametrize("action", list(Action))
def test_a_room_token_opens_no_other_room(action: Action) -> None:
    token = room_token(publish=True, watch=True)
    assert not can(token, action, Thing(room_id="room-2"))
    assert not can(token, action, None)
    assert not can(token, action, object())


def test_who_only_watches_does_not_publish() -> None:
    viewer = person(Role.STUDENT, publish=False)
    assert can(viewer, Action.ROOM_WATCH, Thing())
    assert not can(viewer, Action.ROOM_PUBLISH, Thing())


@pytest.mark.parametrize(("role", "expected"), list(zip(PEOPLE, (True, True, True, False), strict=True)))
def test_a_room_may_let_only_staff_publish(role: Role, expected: bool) -> None:
    assert can(person(role), Action.ROOM_PUBLISH, closed_to_students(Action.ROOM_PUBLISH)) is expected


@pytest.mark.parametrize("action", [Action.ROOM_SPEAK, Action.ROOM_CAMERA, Action.ROOM_SHARE])
def test_who_may_not_publish_may_not_send_any_source(action: Action) -> None:
    assert not can(person(Role.STUDENT), action, closed_to_students(Action.ROOM_PUBLISH))
    assert not can(person(Role.STUDENT), action, closed_to_students(action))
    assert can(person(Role.ASSISTANT), action, closed_to_students(Action.ROOM_PUBLISH, action))
    assert not can(person(Role.TEACHER, publish=False), action, Thing())
    assert can(room_token(publish=True), action, closed_to_students(Action.ROOM_PUBLISH, action))


def test_a_room_may_leave_recording_to_teachers() -> None:
    thing = Thing(circles=((Action.RECORDING_START, Circle.TEACHERS),))
    may = [can(person(role), Action.RECORDING_START, thing) for role in PEOPLE]
    assert may == [True, True, False, False]
    with pytest.raises(Forbidden, match="by its teachers alone if they say so"):
        require(person(Role.ASSISTANT), Action.RECORDING_START, thing)


def test_guests_chat_where_they_watch() -> None:
    assert can(room_token(watch=True), Action.ROOM_CHAT, Thing())
    assert not can(room_token(publish=True), Action.ROOM_CHAT, Thing())
    assert not can(room_token(watch=True), Action.ROOM_CHAT, closed_to_students(Action.ROOM_CHAT))
    assert not can(room_token(watch=True, publish=True), Action.ROOM_MODERATE, Thing())


def test_a_token_that_grants_publishing_works_where_only_staff_publish() -> None:
    assert can(room_token(publish=True), Action.ROOM_PUBLISH, closed_to_students(Action.ROOM_PUBLISH))


def test_with_open_rooms_what_nobody_owns_is_everybodys() -> None:
    somebody = guest_of_open_rooms()
    assert can(somebody, Action.ROOM_CREATE)
    assert can(somebody, Action.ROOM_DELETE, Thing(owner_id=None))
    assert not can(somebody, Action.ROOM_DELETE, Thing(owner_id=BOB))
    assert not can(somebody, Action.USER_MANAGE)


def test_who_stands_alike_may_do_the_same() -> None:
    """`standing_of`, by which rights are kept, tells apart all that `can` looks at but whose things are."""
    others: dict[str, object] = {
        "user_id": "else", "email": "b@school.example", "full_name": "B", "role": Role.STUDENT,
        "verified": False, "room": "room-1", "publish": False, "watch": False, "token_id": "t",
        "session_id": "s", "open_rooms": True, "from_cookie": True, "expires_at_s": 1.0,
        "lacks_second_factor": True, "recording": "recording-1", "download": True,
    }  # fmt: skip
    assert set(others) == {one.name for one in fields(Principal)}
    nobodys, ours = Thing(owner_id=None), Thing(owner_id=ADA)
    things = [None, nobodys, replace(ours, owner_id="nobody"), closed_to_students(*Action)]
    for base in (person(Role.TEACHER), room_token(watch=True), guest_of_open_rooms(), person(Role.STUDENT)):
        for name, value in others.items():
            one = replace(base, **{name: value})  # type: ignore[arg-type]
            if standing_of(one) != standing_of(base):
                continue
            for action, thing in product(Action, things):
                assert can(one, action, thing) is can(base, action, thing), (name, action)


def test_a_refusal_tells_who_waits_for_approval_what_to_do() -> None:
    with pytest.raises(Forbidden, match="approve") as caught:
        require(person(Role.STUDENT, verified=False), Action.ROOM_ENTER, Thing())
    assert caught.value.code == "account_not_verified"
    with pytest.raises(Forbidden) as other:
        require(person(Role.STUDENT), Action.ROOM_CREATE)
    assert other.value.code == "forbidden"
    require(person(Role.TEACHER), Action.ROOM_CREATE)


@pytest.mark.parametrize(
    ("word", "role", "watch_only"),
    [
        ("instructor", Role.TEACHER, False),
        ("TA", Role.ASSISTANT, False),
        ("viewer", Role.STUDENT, True),
        (" Observer ", Role.STUDENT, True),
        ("student", Role.STUDENT, False),
        ("admin", Role.ADMIN, False),
    ],
)
def test_older_words_for_roles_are_mapped(word: str, role: Role, watch_only: bool) -> None:
    assert parse_role(word) == (role, watch_only)


@pytest.mark.parametrize("word", ["", "king", "root", "teachers"])
def test_other_words_are_refused(word: str) -> None:
    with pytest.raises(ValueError, match="there is no such role"):
        parse_role(word)
