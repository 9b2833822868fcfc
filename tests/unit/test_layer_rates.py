"""What layers cost: read from rates of the packet path, guessed for those that rest, and graded."""

from __future__ import annotations

from typing import Any

import pytest

from vtp.media.allocation import Layer
from vtp.media.layer_rates import GUESS, GUESS_SMALLEST_BPS, READ_AGAIN_S, LayerRates, usable
from vtp.media.layers import HIGHEST, TOP, Layers


def stream(
    layer: int, *bitrates: list[float], active: bool = True, watched: bool = True, fps: float = 30
) -> dict[str, Any]:
    return {
        "layer": layer,
        "bitrates_bps": list(bitrates),
        "bitrate_bps": sum(map(sum, bitrates)),
        "active": active,
        "watched": watched,
        "frames_per_second": fps,
    }


def read(*streams: dict[str, Any], moves: bool = True) -> dict[tuple[int, int], float]:
    choices = LayerRates().choices(0, streams, moves=moves)
    return {(one.spatial, one.temporal): one.bitrate_bps for one in choices}


def test_temporal_layers_add_up() -> None:
    assert read(stream(0, [60e3, 40e3, 50e3])) == {(0, 0): 60e3, (0, 1): 100e3, (0, TOP): 150e3}


def test_encodings_stand_side_by_side() -> None:
    assert read(stream(1, [500e3]), stream(0, [150e3])) == {(0, TOP): 150e3, (1, TOP): 500e3}


def test_spatial_layers_of_one_stream_are_built_on_each_other() -> None:
    found = read(stream(0, [50e3, 50e3], [200e3, 100e3]))
    assert found == {(0, 0): 50e3, (0, TOP): 100e3, (1, 0): 250e3, (1, TOP): 400e3}


def test_what_costs_no_less_than_something_better_is_no_choice() -> None:
    assert read(stream(0, [100e3, 450e3]), stream(1, [400e3])) == {(0, 0): 100e3, (1, TOP): 400e3}


def test_people_who_move_are_shown_smaller_before_they_are_shown_jerky() -> None:
    streams = stream(0, [50e3, 50e3, 50e3]), stream(1, [200e3, 100e3, 200e3])
    assert (1, 0) not in read(*streams)
    assert {(0, 0), (1, 1)} <= read(*streams).keys()
    assert (1, 0) in read(*streams, moves=False)


def test_what_is_not_sent_although_it_is_watched_is_no_choice() -> None:
    assert read(stream(0, [150e3]), stream(1, [0.0], active=False)) == {(0, TOP): 150e3}


def test_what_rests_because_nobody_watches_keeps_its_rate() -> None:
    rates = LayerRates()
    rates.choices(0, [stream(0, [150e3]), stream(1, [500e3])], moves=True)
    rests = [stream(0, [150e3]), stream(1, [0.0], active=False, watched=False)]
    assert rates.choices(READ_AGAIN_S, rests, moves=True)[-1] == Layer(1, TOP, 500e3)


def test_what_never_was_sent_because_nobody_watches_is_guessed() -> None:
    rests = stream(1, [0.0], active=False, watched=False)
    assert read(stream(0, [100e3]), rests)[1, TOP] == 100e3 * GUESS
    assert read(rests) == {(1, TOP): GUESS_SMALLEST_BPS}


def test_a_second_with_a_key_frame_more_is_smoothed_and_readings_are_shared() -> None:
    rates = LayerRates()
    rates.choices(0, [stream(0, [100e3])], moves=True)
    assert rates.choices(READ_AGAIN_S / 2, [stream(0, [900e3])], moves=True)[0].bitrate_bps == 100e3
    assert rates.choices(READ_AGAIN_S, [stream(0, [200e3])], moves=True)[0].bitrate_bps == 150e3


def test_a_reading_of_nothing_is_not_kept() -> None:
    rates = LayerRates()
    assert rates.choices(0, [stream(0, [0.0])], moves=True) == ()
    assert rates.is_due(0.01)
    assert rates.choices(0.01, [stream(0, [100e3])], moves=True) == (Layer(0, TOP, 100e3),)


CHOICES = (Layer(0, 0, 50e3), Layer(0, TOP, 150e3), Layer(1, 1, 300e3), Layer(1, TOP, 500e3))


@pytest.mark.parametrize(
    ("preferred", "wanted"),
    [
        (HIGHEST, CHOICES),
        (Layers(0, TOP), CHOICES[:2]),
        (Layers(1, 1), (CHOICES[0], CHOICES[2])),
        (Layers(1, 0), (CHOICES[0],)),
    ],
)
def test_viewers_get_what_they_want_at_most(preferred: Layers, wanted: tuple[Layer, ...]) -> None:
    assert usable(CHOICES, preferred) == wanted


def test_who_wants_less_than_there_is_gets_the_least() -> None:
    assert usable(CHOICES[2:], Layers(0, 0)) == (CHOICES[2],)
    assert usable((), HIGHEST) == ()
