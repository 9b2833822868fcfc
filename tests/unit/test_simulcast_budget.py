"""How many layers feedback leaves a publisher of fixed bitrates."""

from vtp.bench.simulcast_budget import LayerBudget

BITRATES = [150_000, 500_000, 1_500_000]


class Told:
    """Feedback of 100 packets a second, so many percent of them missing."""

    def __init__(self) -> None:
        self.budget = LayerBudget(BITRATES)
        self.now_s = 0.0
        self.arrived = self.missing = 0
        self.layers = self.budget.layers(0.0, 0, 0)

    def pass_time(self, seconds: int, loss_pct: int, packets: int = 100) -> int:
        for _ in range(seconds):
            self.now_s += 1.0
            self.missing += packets * loss_pct // 100
            self.arrived += packets - packets * loss_pct // 100
            self.layers = self.budget.layers(self.now_s, self.arrived, self.missing)
        return self.layers


def test_all_layers_are_sent_at_first_and_while_little_is_lost() -> None:
    told = Told()
    assert told.layers == 3
    assert told.pass_time(60, 10) == 3


def test_one_bad_second_is_an_accident() -> None:
    told = Told()
    told.pass_time(1, 50)
    told.pass_time(1, 5)
    assert told.pass_time(1, 50) == 3


def test_two_bad_seconds_cost_a_layer_and_never_the_last() -> None:
    told = Told()
    assert told.pass_time(2, 20) == 2
    assert told.pass_time(2, 20) == 1
    assert told.pass_time(20, 20) == 1


def test_a_layer_comes_back_after_eight_good_seconds() -> None:
    told = Told()
    told.pass_time(2, 20)
    assert told.pass_time(7, 0) == 2
    assert told.pass_time(1, 0) == 3


def test_a_layer_that_failed_again_waits_twice_as_long() -> None:
    told = Told()
    told.pass_time(2, 20)
    told.pass_time(8, 0)
    assert told.pass_time(2, 20) == 2
    assert told.pass_time(15, 0) == 2
    assert told.pass_time(1, 0) == 3


def test_some_loss_brings_no_layer_back() -> None:
    told = Told()
    told.pass_time(2, 20)
    assert told.pass_time(30, 5) == 2


def test_a_handful_of_packets_says_nothing() -> None:
    told = Told()
    assert told.pass_time(10, 50, packets=10) == 3


def test_remb_bounds_the_sum_and_leaves_the_smallest() -> None:
    budget = LayerBudget(BITRATES)
    assert [budget.layers(0.0, 0, 0, remb) for remb in (0, 1e5, 6e5, 650e3, 2e6, 3e6)] == [3, 1, 1, 2, 2, 3]
