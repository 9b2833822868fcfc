"""How joins are summed up."""

from vtp.bench.net.joining import Join, percentile, percentiles


def test_percentiles_are_by_nearest_rank() -> None:
    twenty = [float(value) for value in range(1, 21)]
    assert (percentile(twenty, 0.5), percentile(twenty, 0.95), percentile([], 0.5)) == (10.0, 19.0, None)


def test_a_join_that_saw_nothing_is_longer_than_any() -> None:
    assert percentile([1.0, None, 3.0], 0.5) == 3.0
    assert percentile([1.0, None, 3.0], 0.95) is None


def test_a_newcomer_is_served_when_it_sees_what_is_live() -> None:
    found = percentiles([Join(100.0, 200.0, 250.0), Join(110.0, 210.0, None)])
    assert (found["joins"], found["failed"], found["p50_ms"], found["p95_ms"]) == (2, 1, 250.0, None)
    assert found["any_picture_p95_ms"] == 210.0
