"""What is read from the encodings that a viewer saw while its link narrowed."""

from vtp.bench.net.cut import Bottleneck, layer_at, lower_after_ms, reached_after_ms

MS = 1_000_000
LAYERS = [(0, 0), (100 * MS, 2), (1_700 * MS, 1), (2_000 * MS, 0), (9_000 * MS, 1), (12_000 * MS, 2)]
CUT, BACK = 1_000 * MS, 8_000 * MS


def test_what_is_shown_is_the_last_that_came() -> None:
    assert [layer_at(LAYERS, at * MS) for at in (0, 99, 100, 1_999, 20_000)] == [0, 0, 2, 1, 2]
    assert layer_at(LAYERS, -1) is None


def test_the_first_lower_layer_after_the_cut_counts() -> None:
    assert lower_after_ms(LAYERS, CUT, BACK) == 700.0


def test_a_lower_layer_after_the_link_is_wide_again_comes_too_late() -> None:
    assert lower_after_ms(LAYERS, CUT, 1_600 * MS) is None


def test_who_never_had_a_higher_layer_did_not_go_down() -> None:
    assert lower_after_ms([(0, 0), (2_000 * MS, 1)], CUT, BACK) is None
    assert lower_after_ms([], CUT, BACK) is None


def test_the_top_layer_is_back_when_it_is_seen_again() -> None:
    assert reached_after_ms(LAYERS, BACK, 2) == 4_000.0
    assert reached_after_ms(LAYERS[:5], BACK, 2) is None


def test_a_top_layer_that_never_went_does_not_come_back() -> None:
    assert reached_after_ms([(0, 2), (9_000 * MS, 1), (10_000 * MS, 2)], BACK, 2) is None


def test_queueing_and_loss_are_of_the_time_that_was_watched() -> None:
    link = Bottleneck([float(wait) for wait in range(101)], pushed=200, dropped=5)
    assert (link.queue_p95_ms, link.loss_pct) == (95.0, 2.5)
    assert (Bottleneck().queue_p95_ms, Bottleneck().loss_pct) == (None, None)
