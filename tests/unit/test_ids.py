"""Identifiers: UUIDv7 as RFC 9562 lays it out, in the order they were made."""

import os
import time
import uuid

import pytest

from vtp.errors import Invalid
from vtp.ids import first_id_at, is_id, new_id, new_ids, parse_id, uuid7


def test_the_layout_is_that_of_the_rfc_example() -> None:
    """RFC 9562 appendix A.6: 2022-02-22 19:22:22.000 UTC; its rand_a is free, ours is the time's fraction
    (0).
    """
    made = uuid.UUID(uuid7(1645557742000 * 1_000_000, 0x18C4DC0C0C07398F))
    assert str(made) == "017f22e2-79b0-7000-98c4-dc0c0c07398f"
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_ids_made_one_after_the_other_sort_in_that_order() -> None:
    ids = []
    for _ in range(200):
        ids.append(new_id())
        until = time.time_ns() + 1000  # the fraction counts steps of 244 ns
        while time.time_ns() < until:
            pass
    assert ids == sorted(ids)
    assert len(set(ids)) == 200


def test_ids_made_at_once_sort_in_their_order_between_those_before_and_after() -> None:
    for count in (0, 1, 500):
        before = new_id()
        made = new_ids(count)
        after = new_id()
        ids = [before, *made, after]
        assert ids == sorted(ids)
        assert len(set(ids)) == count + 2
        assert all(uuid.UUID(one).version == 7 and is_id(one) for one in made)
    assert first_id_at(1645557742000) < uuid7(1645557742000 * 1_000_000, 0) < first_id_at(1645557742001)


def test_a_process_that_is_forked_makes_ids_of_its_own() -> None:
    new_id()  # there is randomness left over
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, "".join(new_id()[-16:] for _ in range(8)).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(read, 1000).decode()
    os.close(read)
    os.close(write)
    assert len(theirs) == 8 * 16
    assert not {theirs[at : at + 16] for at in range(0, 128, 16)} & {new_id()[-16:] for _ in range(80)}


def test_an_id_in_capitals_is_spelt_the_usual_way() -> None:
    made = new_id()
    assert parse_id(made.upper(), "/path/id") == made


SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.mark.parametrize(
    "text", ["", "x", "demo", SOME_ID[:-1], SOME_ID + "0", SOME_ID.replace("-", ""), "ü" * 36]
)
def test_a_malformed_id_names_its_pointer(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(Invalid) as caught:
        parse_id(text, "/path/recording_id")
    assert caught.value.errors[0].pointer == "/path/recording_id"
