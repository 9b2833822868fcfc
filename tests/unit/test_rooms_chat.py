"""The chat's rules: who is the same person, who reads what, what a text may be, how it is searched."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.serving import principal_of
from vtp.errors import Forbidden
from vtp.http.identity import Principal, Role, guest_of_open_rooms
from vtp.ids import id_after, is_id, new_id
from vtp.rooms.chat_rules import (
    ChatMessage,
    View,
    Writer,
    check_text,
    fold,
    person_of,
    require_to_delete,
    require_to_write,
    view_from,
)
from vtp.rooms.groups import MAIN
from vtp.rooms.store import Room

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def room(**settings: str) -> Room:
    return Room("room", "algebra", "Algebra", None, settings, NOW)


def guest_by(link: str, full_name: str = "") -> Principal:
    return Principal(None, "", full_name, Role.GUEST, True, "room", True, True, link, None)


def writer(person: str, role: Role = Role.STUDENT) -> Writer:
    return Writer(person, f"participant of {person}", person, role)


def message(sender: Writer, to: Writer | None = None, group: str = MAIN) -> ChatMessage:
    return ChatMessage("id", "room", group, sender, to, "Hello", None, NOW)


ANNA, BERT, EVE = writer("user:anna"), writer("user:bert"), writer("user:eve")


def test_an_account_is_the_same_person_on_every_device() -> None:
    anna = principal_of(Role.STUDENT, "Anna", "anna")
    assert person_of(anna, "laptop") == person_of(anna, "telephone") == "user:anna"
    assert ANNA.user_id == "anna"


def test_a_link_is_a_person_only_when_it_was_made_for_one() -> None:
    assert person_of(guest_by("link", "Lise Meitner"), "one") == "token:link"
    assert person_of(guest_by("link"), "one") != person_of(guest_by("link"), "other")
    assert person_of(guest_of_open_rooms(), "one") != person_of(guest_of_open_rooms(), "other")
    assert writer(person_of(guest_by("link"), "one")).user_id is None


def test_private_messages_are_seen_by_the_two_alone() -> None:
    private = message(ANNA, BERT)
    assert [view_from("room", one.person, MAIN).shows(private) for one in (ANNA, BERT, EVE)] == [
        True,
        True,
        False,
    ]
    assert not View("room", EVE.person, None).shows(private), "not by who reads every group, either"


def test_what_is_written_in_a_group_is_seen_there_and_by_who_reads_all() -> None:
    said = message(ANNA, group="one")
    seen = {group: view_from("room", BERT.person, group).shows(said) for group in ("one", "two", MAIN)}
    assert seen == {"one": True, "two": False, MAIN: False}
    assert View("room", BERT.person, None).shows(said)
    assert view_from("room", BERT.person, "one").shows(message(ANNA)), "the main room's too"


@pytest.mark.parametrize(
    ("setting", "writes", "to", "allowed"),
    [
        ("everyone", Role.STUDENT, Role.STUDENT, True),
        ("everyone", Role.GUEST, Role.TEACHER, True),
        ("staff", Role.STUDENT, Role.STUDENT, False),
        ("staff", Role.STUDENT, Role.ASSISTANT, True),
        ("staff", Role.TEACHER, Role.STUDENT, True),
        ("staff", Role.STUDENT, Role.GUEST, False),
        ("nobody", Role.TEACHER, Role.STUDENT, False),
        ("nobody", Role.ADMIN, Role.TEACHER, False),
    ],
)
def test_who_writes_in_private_to_whom(setting: str, writes: Role, to: Role, allowed: bool) -> None:
    principal = guest_by("link") if writes is Role.GUEST else principal_of(writes, "Somebody", "id")
    where = room(private_chat=setting, chat="staff")
    if allowed:
        require_to_write(principal, to, where)
        return
    with pytest.raises(Forbidden) as refused:
        require_to_write(principal, to, where)
    assert refused.value.code == "no_private_chat"


def test_a_token_that_only_publishes_writes_to_nobody() -> None:
    blind = replace(guest_by("link"), watch=False)
    for to in (None, Role.TEACHER):
        with pytest.raises(Forbidden):
            require_to_write(blind, to, room())


def test_who_deletes_what() -> None:
    student = principal_of(Role.STUDENT, "Anna", "anna")
    assistant, teacher = principal_of(Role.ASSISTANT, "Kim", "kim"), principal_of(Role.TEACHER, "Tom", "tom")
    require_to_delete(student, ANNA.person, message(ANNA), room(chat="staff"))
    require_to_delete(assistant, "user:kim", message(ANNA), room())
    require_to_delete(teacher, "user:tom", message(writer("user:kim", Role.ASSISTANT)), room())
    with pytest.raises(Forbidden):
        require_to_delete(student, ANNA.person, message(BERT), room())
    with pytest.raises(Forbidden) as refused:
        require_to_delete(assistant, "user:kim", message(writer("user:tom", Role.TEACHER)), room())
    assert refused.value.code == "above_your_role"


@pytest.mark.parametrize("text", ["", "  \n\t ", "a\x00b", "a\x1b[31m", "a\x7f", "a\x85b", "a\ud800"])
def test_what_no_text_is(text: str) -> None:
    with pytest.raises(ValueError):
        check_text(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (" x\n\ty ", " x\n\ty "),
        ("a\r\nb\rc", "a\nb\nc"),
        ("u\u0308ber", "u\u0308ber"),
        ("\u202eright to left\u202c", "\u202eright to left\u202c"),
        ("👩\u200d🏫 می\u200cخواهم", "👩\u200d🏫 می\u200cخواهم"),
    ],
)
def test_texts_stay_as_they_were_written(text: str, kept: str) -> None:
    assert check_text(text) == kept


@pytest.mark.parametrize(
    ("text", "search"),
    [
        ("ÜBUNG 3", "übung"),
        ("STRASSE", "straße"),
        ("u\u0308bung", "Übung"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Ёж", "ёЖ"),
    ],
)
def test_a_search_finds_whatever_the_case_and_however_composed(text: str, search: str) -> None:
    assert fold(search) in fold(text)


def test_ids_go_on_where_the_clock_was_set_back() -> None:
    future = "ffffffff-0000-7000-8000-0000000000ff"
    following = id_after(future)
    assert following == "ffffffff-0000-7000-8000-000000000100"
    assert is_id(following) and following > future
    before = new_id()
    assert id_after("") > before and id_after(before) > before
