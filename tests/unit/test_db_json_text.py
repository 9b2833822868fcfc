"""JSON of columns is read and written as the standard library has it."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtp.db.json_text import read_json, write_json

VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert json.loads(write_json(value)) == value
    assert read_json(write_json(value)) == value
    assert read_json(json.dumps(value)) == value
    assert repr(read_json(json.dumps(value))) == repr(value)


def test_what_the_fast_way_refuses_is_written_and_read_all_the_same() -> None:
    assert read_json(write_json("half a pair: \ud800")) == "half a pair: \ud800"
    assert read_json(json.dumps(["\udc00"])) == ["\udc00"]
    assert math.isnan(read_json(write_json(math.nan)))
    deep = "[" * 500 + "]" * 500
    assert read_json(deep) == json.loads(deep)
    assert write_json([(1, 2), (3, 4)]) == "[[1,2],[3,4]]"


@pytest.mark.parametrize("text", ["", "{", "[1,]", "nothing", "{'a': 1}"])
def test_what_is_no_json_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_json(text)


def test_what_is_no_value_of_json_is_refused() -> None:
    with pytest.raises(TypeError):
        write_json({"when": object()})
