"""Identifiers: UUIDv7 as RFC 9562 lays it out, in the order they were made."""

import time
import uuid

import pytest

from vtp.errors import Invalid
from vtp.ids import is_id, new_id, parse_id, uuid7


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
