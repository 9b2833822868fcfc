"""Ballot boxes: one vote each, changed until the end; counts that are always those of the votes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.live_room import person
from vtp.errors import Conflict, Invalid
from vtp.http.identity import Role
from vtp.rooms.polls import MAX_SHOWN, BallotBox, Choices, Poll, PollEvent, PollShared, RoomPolls, voter_of

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
OPTIONS = ("red", "green", "blue")


def poll(**more: Any) -> Poll:
    values: dict[str, Any] = {
        "id": "poll",
        "room_id": "room",
        "question": "Which?",
        "options": OPTIONS,
        "multiple": True,
        "anonymous": False,
        "results": "after",
        "counts": (0, 0, 0),
        "votes": 0,
        "created_by": None,
        "created_by_name": "Ada",
        "created_at": NOW,
    }
    return Poll(**{**values, **more})


def vote(box: BallotBox, key: str, *choices: int) -> None:
    chosen = box.check(choices)
    box.put(key, chosen, box.with_vote(key, chosen))


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.lists(st.integers(0, 2), unique=True, max_size=3)), max_size=30
    ),
    st.booleans(),
)
def test_counts_are_those_of_everybodys_newest_vote(votes: list[tuple[str, list[int]]], secret: bool) -> None:
    box = BallotBox(poll(anonymous=secret))
    newest: dict[str, list[int]] = {}
    for key, choices in votes:
        vote(box, key, *choices)
        newest[key] = choices
    counted = Counter(one for choices in newest.values() for one in choices)
    assert box.poll.counts == tuple(counted[at] for at in range(3))
    assert box.poll.votes == sum(bool(choices) for choices in newest.values())


@pytest.mark.parametrize("choices", [(3,), (-1,), (0, 0), (0, 1, 2, 3)])
def test_what_is_not_offered_cannot_be_chosen(choices: Choices) -> None:
    with pytest.raises(Invalid):
        BallotBox(poll()).check(choices)


def test_a_poll_of_one_choice_takes_one() -> None:
    box = BallotBox(poll(multiple=False))
    assert box.check([2]) == (2,)
    with pytest.raises(Invalid):
        box.check([0, 1])


def test_a_closed_poll_takes_no_vote() -> None:
    box = BallotBox(poll())
    vote(box, "a", 1)
    box.close(NOW)
    with pytest.raises(Conflict, match="closed"):
        box.with_vote("a", (0,))
    assert box.poll.counts == (0, 1, 0) and box.choices_of("a") == (1,)


def test_what_was_chosen_anonymously_is_forgotten_with_the_end() -> None:
    box = BallotBox(poll(anonymous=True))
    vote(box, "a", 1)
    assert box.choices_of("a") == (1,), "they see their own vote, and may change it"
    box.close(NOW)
    assert box.choices_of("a") is None and box.has_vote_of("a")


def test_an_anonymous_vote_from_before_a_restart_stays() -> None:
    box = BallotBox(poll(anonymous=True, counts=(1, 0, 0), votes=1), {"a": None})
    with pytest.raises(Conflict) as refused:
        box.with_vote("a", (1,))
    assert refused.value.code == "vote_is_final"
    vote(box, "b", 1)
    assert (box.poll.counts, box.poll.votes) == ((1, 1, 0), 2)


@pytest.mark.parametrize(
    ("results", "closed", "shared", "shown"),
    [
        ("live", False, False, True),
        ("after", False, False, False),
        ("after", True, False, True),
        ("hidden", True, False, False),
        ("hidden", True, True, True),
    ],
)
def test_when_everybody_sees_the_counts(results: Any, closed: bool, shared: bool, shown: bool) -> None:
    made = poll(results=results, closed_at=NOW if closed else None, shared_at=NOW if shared else None)
    assert made.shows_counts is shown


def test_an_account_votes_once_by_all_its_devices_and_a_guest_by_each() -> None:
    ada = person()
    again = person(user_id=ada.user_id)
    assert voter_of(ada).key == voter_of(again).key
    guest, other = person(Role.GUEST), person(Role.GUEST)
    for one in (guest, other):
        object.__setattr__(one.principal, "user_id", None)
    assert voter_of(guest).key != voter_of(other).key


def test_a_guest_votes_once_by_a_link_with_a_name_and_else_once_in_each_browser() -> None:
    def guest(link: str, name: str = "", key: str = "") -> str:
        one = person(Role.GUEST)
        one.principal = replace(one.principal, user_id=None, room="r", token_id=link, full_name=name)
        one.guest_key = key
        return voter_of(one).key

    assert guest("a", "Ann") == guest("a", "Ann", "k" * 16) != guest("b", "Ann")
    assert guest("a", key="k" * 16) == guest("a", key="k" * 16)
    assert (
        len({guest("a", key="k" * 16), guest("a", key="x" * 16), guest("b", key="k" * 16), guest("a")}) == 4
    )
    assert "k" * 16 not in guest("a", key="k" * 16) and len(guest("a", key="k" * 64)) <= 80


def test_a_room_shows_its_newest_shared_polls() -> None:
    here = RoomPolls([BallotBox(poll(id="open"))])
    told: list[PollEvent] = []
    here.add_listener(told.append)
    for at in range(MAX_SHOWN + 2):
        here.share(BallotBox(poll(id=str(at), closed_at=NOW, shared_at=NOW)))
    assert [box.poll.id for box in here.boxes] == ["open", *map(str, range(2, MAX_SHOWN + 2))]
    assert len(told) == MAX_SHOWN + 2 and all(isinstance(one, PollShared) for one in told)
