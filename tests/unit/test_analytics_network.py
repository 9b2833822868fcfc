"""Who had trouble in a class, and why, follows from what was read of their connections."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtp.analytics.attendance import Connection
from vtp.analytics.network_notes import Network
from vtp.analytics.network_rules import WORDS, Cause, Rating, link_of, reconnects
from vtp.rooms.link_quality import Figures

HOUR = 3_600_000


def network(*readings: Figures, connected_ms: int = HOUR, reconnects: int = 0) -> Network:
    found = Network(reconnects=reconnects, connected_ms=connected_ms)
    for one in readings:
        found.take(one)
    return found


@pytest.mark.parametrize(
    ("quality", "figures", "cause"),
    [
        ("poor/loss_sending", Figures(loss_sending=0.2), Cause.UPLINK),
        ("poor/loss_receiving", Figures(loss_receiving=0.2), Cause.DOWNLINK),
        ("poor/narrow", Figures(withheld=2), Cause.NARROW),
        ("lost/silent", Figures(is_silent=True), Cause.CUT_OFF),
        ("poor/delay", Figures(rtt_ms=320, delay_ms=700), Cause.DISTANCE),
        ("poor/delay", Figures(rtt_ms=20, delay_ms=700), Cause.QUEUES),
    ],
)
def test_each_trouble_has_its_cause_in_words(quality: str, figures: Figures, cause: Cause) -> None:
    link = link_of({quality: HOUR // 20}, network(figures))
    assert (link.rating, link.cause, link.bad_ms) == (Rating.POOR, cause, {cause: HOUR // 20})
    assert WORDS[cause].endswith(".")


def test_one_long_wait_on_a_short_way_is_no_distance() -> None:
    waits = [Figures(rtt_ms=900, delay_ms=900)] * 9 + [Figures(rtt_ms=30, delay_ms=30)]
    assert link_of({"poor/delay": HOUR}, network(*waits)).cause is Cause.QUEUES


def test_a_class_is_poor_from_a_twentieth_and_fair_from_a_fifth_of_it_on() -> None:
    for poor, fair, expected in (
        (0, 0, Rating.GOOD),
        (HOUR // 20 - 1, 0, Rating.GOOD),
        (HOUR // 20, 0, Rating.POOR),
        (0, HOUR // 5 - 1, Rating.GOOD),
        (1, HOUR // 5 - 1, Rating.FAIR),
        (0, HOUR, Rating.FAIR),
    ):
        link = link_of({"poor/narrow": poor, "fair/narrow": fair}, network())
        assert (link.rating, link.cause is None) == (expected, expected is Rating.GOOD)


def test_the_cause_is_what_took_the_most_time() -> None:
    times = {"poor/loss_sending": HOUR // 10, "fair/narrow": HOUR // 4, "lost/silent": 5000}
    assert link_of(times, network()).cause is Cause.NARROW


def test_who_was_cut_off_three_times_had_trouble_without_any_reading() -> None:
    assert link_of({}, network(reconnects=2)).rating is Rating.GOOD
    link = link_of({}, network(reconnects=3))
    assert (link.rating, link.cause) == (Rating.POOR, Cause.CUT_OFF)


def test_a_class_of_before_figures_were_kept_has_none() -> None:
    link = link_of({"poor/narrow": 10}, Network.of_row(None))
    assert link.rating is Rating.POOR
    assert link.network.measure("rtt_ms").mean is None


def test_coming_back_soon_is_a_reconnection_and_a_second_device_is_none() -> None:
    minute = 60_000

    def there(*stays: tuple[float, float]) -> int:
        return reconnects([Connection(int(a * minute), int(b * minute), 0) for a, b in stays])

    assert there((0, 45)) == 0
    assert there((0, 10), (10, 20), (21, 45)) == 2
    assert there((0, 45), (5, 10), (12, 20)) == 0, "beside a connection that stands"
    assert there((0, 10), (20, 45)) == 0, "they had left"
    assert there((0, 10), (30, 20)) == 0, "a clock that was set back"
    assert reconnects([]) == 0


figures = st.builds(
    Figures,
    is_silent=st.booleans(),
    is_limited=st.booleans(),
    withheld=st.integers(0, 3),
    loss_sending=st.floats(0, 1),
    loss_receiving=st.floats(0, 1),
    rtt_ms=st.floats(0, 5000),
    jitter_ms=st.floats(0, 500),
)


@given(st.lists(figures, max_size=30), st.integers(0, 2**32))
def test_figures_of_two_devices_are_those_of_all_their_readings(all_of: list[Figures], seed: int) -> None:
    random = Random(seed)
    apart = network(), network()
    for one in all_of:
        random.choice(apart).take(one)
    both = Network.sum_of(Network.of_row(one.row) for one in apart)
    assert both.readings == len(all_of) and both.silent == sum(one.is_silent for one in all_of)
    assert both.withheld == sum(one.withheld > 0 for one in all_of)
    for name in ("rtt_ms", "jitter_ms", "loss_sending", "loss_receiving"):
        said = [getattr(one, name) for one in all_of]
        read = [value for value in said if value > 0 or name.startswith("loss")]
        found = both.measure(name)
        assert found.count == len(read)
        if read:
            assert found.mean == pytest.approx(sum(read) / len(read), abs=1e-3)
            assert (found.most, found.least) == pytest.approx((max(read), min(read)), abs=1e-3)
