"""How a layer of a clip is played, and how a key frame is given at once."""

import pytest

from vtp.bench.simulcast_reel import Reel

GROUPS = [[b"%d.%d" % (group, frame) for frame in range(4)] for group in range(3)]


def played(reel: Reel, ticks: range) -> list[str]:
    found = [reel.take(tick) for tick in ticks]
    return [frame[0].decode() if frame else "-" for frame in found]


def test_a_clip_is_played_over_and_over() -> None:
    assert played(Reel(GROUPS), range(14)) == [
        "0.0", "0.1", "0.2", "0.3", "1.0", "1.1", "1.2", "1.3", "2.0", "2.1", "2.2", "2.3", "0.0", "0.1",
    ]  # fmt: skip


def test_who_asks_for_a_key_frame_gets_one_next() -> None:
    reel = Reel(GROUPS)
    played(reel, range(1))
    reel.request_key_frame()
    assert reel.take(1) == (b"0.0", True)
    assert reel.take(2) == (b"0.1", False)


@pytest.mark.parametrize(("tick", "group"), [(1, 0), (2, 1), (5, 1), (6, 2), (10, 0)])
def test_the_group_that_is_nearest_in_time_is_begun(tick: int, group: int) -> None:
    reel = Reel(GROUPS)
    played(reel, range(tick))
    reel.request_key_frame()
    assert reel.take(tick) == (b"%d.0" % group, True)


def test_layers_come_no_further_apart_however_often_somebody_asks() -> None:
    reel = Reel(GROUPS)
    for tick in range(1000):
        if tick % 3 == 0:
            reel.request_key_frame()
        frame = reel.take(tick)
        assert frame is not None
        group, at = map(int, frame[0].split(b"."))
        distance = (4 * group + at - tick) % 12
        assert min(distance, 12 - distance) <= 2


def test_a_layer_that_paused_goes_on_with_a_key_frame() -> None:
    reel = Reel(GROUPS)
    played(reel, range(2))
    reel.paused = True
    assert played(reel, range(2, 5)) == ["-", "-", "-"]
    reel.paused = False
    assert reel.take(5) == (b"1.0", True)
