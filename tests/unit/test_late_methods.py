"""Dataclasses whose methods are written late are as all others."""

from __future__ import annotations

import dataclasses
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from vtp.late_methods import WRITER, write_methods_late


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods that are written from now on."""
    write, names = getattr(dataclasses, WRITER), list[str]()

    def noting(name: str, *source: object, **more: object) -> object:
        names.append(name)
        return write(name, *source, **more)

    noting.__module__ = dataclasses.__name__
    monkeypatch.setattr(dataclasses, WRITER, noting)
    write_methods_late()
    return names


def test_nothing_is_written_until_it_is_called_and_once_then(written: list[str]) -> None:
    @dataclass(frozen=True, slots=True)
    class Place:
        x: int
        y: int = 0

    assert written == []
    assert Place(1).x == 1 and Place(2, y=3).y == 3
    assert written == ["__init__"]
    assert Place.__init__.__qualname__.endswith("Place.__init__")
    assert Place(1) == Place(1) != Place(2)
    assert {Place(1), Place(1)} == {Place(1)}
    assert repr(Place(1)).endswith("Place(x=1, y=0)") and repr(Place(2)).endswith("Place(x=2, y=0)")
    assert written == ["__init__", "__eq__", "__hash__", "__repr__"]


def test_what_is_frozen_stays_frozen(written: list[str]) -> None:
    @dataclass(frozen=True)
    class Place:
        x: int

    place = Place(1)
    for _ in range(2):
        with pytest.raises(FrozenInstanceError):
            place.x = 2  # type: ignore[misc]
        with pytest.raises(FrozenInstanceError):
            del place.x
    assert place.x == 1 and replace(place, x=3).x == 3


def test_classes_below_have_what_is_above_and_their_own(written: list[str]) -> None:
    @dataclass(order=True)
    class Above:
        x: int
        seen: list[int] = field(default_factory=list, compare=False)

        def __post_init__(self) -> None:
            self.seen.append(self.x)

    @dataclass
    class Below(Above):
        self: int = 7

    class Plain(Above):
        def __init__(self) -> None:
            super().__init__(5)

    assert Plain().seen == [5] and Plain().seen == [5]
    assert (Below(1, self=2).self, Below(1).self) == (2, 7)
    assert Above(1) < Above(2) and Above(1) != Below(1)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Above()  # type: ignore[call-arg]
