"""What was watched is the union of what was played, and no more than time allows."""

from __future__ import annotations

import itertools
import random

from vtp.recording.watching import (
    MAX_PIECES,
    Piece,
    Played,
    add_piece,
    furthest_ms,
    length_ms,
    progress_per_mille,
    resume_ms,
    why_refused,
)


def pieces_of(*stretches: Piece) -> list[Piece]:
    pieces: list[Piece] = []
    for start, end in stretches:
        assert add_piece(pieces, start, end)
    return pieces


def test_pieces_are_joined_when_they_overlap_touch_or_nearly_do() -> None:
    assert pieces_of((0, 5000), (20_000, 30_000), (4000, 9000)) == [(0, 9000), (20_000, 30_000)]
    assert pieces_of((0, 5000), (6000, 16_000)) == [(0, 16_000)]
    assert pieces_of((0, 5000), (6001, 16_001)) == [(0, 5000), (6001, 16_001)]
    assert pieces_of((0, 5000), (5100, 6100)) == [(0, 6100)]
    assert pieces_of((0, 5000), (5101, 6101)) == [(0, 5000), (5101, 6101)]
    assert pieces_of((0, 1000), (10_000, 11_000), (20_000, 21_000), (500, 20_500)) == [(0, 21_000)]


def test_the_order_in_which_pieces_come_changes_nothing() -> None:
    dice = random.Random(7)
    starts = [dice.randrange(0, 2_000_000) for _ in range(120)]
    stretches = [(start, start + dice.randrange(10_000, 14_000)) for start in starts]
    once = pieces_of(*stretches)
    for _ in range(20):
        dice.shuffle(stretches)
        assert pieces_of(*stretches) == once
    assert all(b[0] - a[1] > 1000 for a, b in itertools.pairwise(once))


def test_moments_that_lie_near_each_other_are_not_what_lies_between() -> None:
    moments = [(at, at + 1) for at in range(0, 900_000, 1000)]
    assert length_ms(pieces_of(*moments)) == 900
    halves = [(at, at + 500) for at in range(0, 400_000, 1000)]
    assert length_ms(pieces_of(*halves)) == 200_000
    nearly = [(at, at + 1000) for at in range(0, 99_000, 1100)]
    assert length_ms(pieces_of(*nearly)) == 99_000 - 100


def test_playing_again_is_not_watching_more() -> None:
    assert length_ms(pieces_of((0, 5000), (0, 5000), (1000, 2000))) == 5000


def test_pieces_are_bounded_and_go_on_to_join() -> None:
    pieces = pieces_of(*((n * 10_000, n * 10_000 + 1000) for n in range(MAX_PIECES)))
    assert not add_piece(pieces, MAX_PIECES * 10_000, MAX_PIECES * 10_000 + 1)
    assert add_piece(pieces, 0, MAX_PIECES * 10_000)
    assert pieces == [(0, MAX_PIECES * 10_000)]


def test_a_share_is_never_rounded_up() -> None:
    assert progress_per_mille(899_999, 1_000_000) == 899
    assert progress_per_mille(999_999, 1_000_000) == 999
    assert progress_per_mille(1_000_400, 1_000_000) == 1000
    assert progress_per_mille(1, 0) == 0


def test_who_stopped_at_the_end_begins_anew() -> None:
    assert resume_ms(589_000, 600_000) == 589_000
    assert resume_ms(590_001, 600_000) == 0
    assert resume_ms(3000, 5000) == 0


def test_what_cannot_have_been_played_does_not_count() -> None:
    end = furthest_ms(60_000, grows=False)
    assert why_refused(Played(0, 10_000, 1.0), end, 10_000) == ""
    assert why_refused(Played(0, 20_000, 2.0), end, 10_000) == ""
    assert why_refused(Played(0, 20_000, 1.0), end, 10_000) == "faster_than_time"
    assert why_refused(Played(55_000, 60_400, 1.0), end, 10_000) == ""
    assert why_refused(Played(55_000, 60_501, 1.0), end, 10_000) == "behind_the_end"


def test_what_is_no_stretch_at_a_speed_that_there_is_does_not_count() -> None:
    end = furthest_ms(60_000, grows=False)
    assert why_refused(Played(-1, 1000, 1.0), end, 10_000) == "before_the_beginning"
    assert why_refused(Played(2000, 1000, 1.0), end, 10_000) == "out_of_order"
    assert why_refused(Played(1000, 1000, 1.0), end, 10_000) == "out_of_order"
    for rate in (-1.0, 0.0, 4.001):
        assert why_refused(Played(0, 1000, rate), end, 10_000) == "rate_out_of_range"
    assert why_refused(Played(0, 40_000, 4.0), end, 10_000) == ""
    assert why_refused(Played(0, 1000, 5e-324), end, 10_000) == "faster_than_time"


def test_of_one_that_grows_players_are_ahead_of_what_is_finished() -> None:
    assert why_refused(Played(55_000, 65_000, 1.0), furthest_ms(60_000, grows=True), 10_000) == ""
    assert (
        why_refused(Played(65_000, 70_001, 1.0), furthest_ms(60_000, grows=True), 10_000) == "behind_the_end"
    )
