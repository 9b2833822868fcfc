"""H.264 profile-level-id, RFC 6184 section 8.1."""

import pytest

from vtp.media.ortc_h264 import (
    LEVEL_1B,
    H264Profile,
    ProfileLevel,
    answer_profile_level_id,
    parse_profile_level_id,
)


@pytest.mark.parametrize(
    ("text", "profile", "level"),
    [
        ("42e01f", H264Profile.CONSTRAINED_BASELINE, 31),
        ("42c02a", H264Profile.CONSTRAINED_BASELINE, 42),
        ("4de01f", H264Profile.CONSTRAINED_BASELINE, 31),
        ("58f01f", H264Profile.CONSTRAINED_BASELINE, 31),
        ("42001f", H264Profile.BASELINE, 31),
        ("42a01f", H264Profile.BASELINE, 31),
        ("58a01f", H264Profile.BASELINE, 31),
        ("4d0028", H264Profile.MAIN, 40),
        ("4D401f", H264Profile.MAIN, 31),
        ("64001f", H264Profile.HIGH, 31),
        ("640c1f", H264Profile.CONSTRAINED_HIGH, 31),
        ("f4001f", H264Profile.HIGH_444, 31),
        ("42f00b", H264Profile.CONSTRAINED_BASELINE, LEVEL_1B),
        ("42100b", H264Profile.BASELINE, LEVEL_1B),
        ("42e00b", H264Profile.CONSTRAINED_BASELINE, 11),
        ("64000b", H264Profile.HIGH, 11),
    ],
)
def test_profiles_and_levels_are_told_apart(text: str, profile: H264Profile, level: int) -> None:
    assert parse_profile_level_id(text) == ProfileLevel(profile, level)


@pytest.mark.parametrize("value", ["", None])
def test_baseline_is_meant_when_nothing_is_said(value: str | None) -> None:
    assert parse_profile_level_id(value) == ProfileLevel(H264Profile.BASELINE, 10)


def test_a_number_is_read_as_its_digits() -> None:
    assert parse_profile_level_id(640032) == ProfileLevel(H264Profile.HIGH, 50)


@pytest.mark.parametrize(
    "value", ["zzzzzz", "42e0", "42e01f00", "42e0ff", "42e000", "7a001f", "6e001f", 7, "４２e01f"]
)
def test_malformed_and_unknown_ones_are_none(value: object) -> None:
    assert parse_profile_level_id(value) is None


@pytest.mark.parametrize(
    "text", ["42e01f", "42001f", "4d0028", "640c1f", "64001f", "f4001f", "42f00b", "42100b", "4d100b"]
)
def test_writing_gives_the_usual_form(text: str) -> None:
    assert str(parse_profile_level_id(text)) == text


@pytest.mark.parametrize(
    ("local", "remote", "asymmetry", "answer"),
    [
        ("42e01f", "42e01f", False, "42e01f"),
        ("42e015", "42e01f", False, "42e015"),
        ("42e01f", "42e015", False, "42e015"),
        ("42e01f", "42c014", False, "42e014"),
        ("42f00b", "42e00b", False, "42f00b"),
        ("42e00a", "42f00b", False, "42e00a"),
        ("42e01f", "42e015", True, "42e01f"),
        ("42e015", "42e01f", True, "42e015"),
        ("42e01f", "42001f", True, None),
        ("42e01f", "nonsense", True, None),
    ],
)
def test_answers_take_our_level_or_the_lower(
    local: str, remote: str, asymmetry: bool, answer: str | None
) -> None:
    found = answer_profile_level_id(local, remote, local_asymmetry=asymmetry, remote_asymmetry=asymmetry)
    assert found == answer


def test_asymmetry_needs_both_sides() -> None:
    assert (
        answer_profile_level_id("42e01f", "42e015", local_asymmetry=True, remote_asymmetry=False) == "42e015"
    )
