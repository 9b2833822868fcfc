"""The estimator's rules one by one, with a clock in hand: draft-ietf-rmcat-gcc-02 and what we added to it."""

import pytest

from tests.bottleneck import MS, SECOND, Bottleneck, Flow, run
from vtp._rtp_fast import BandwidthEstimator

START_NS = 100 * SECOND


class Link:
    """Feeds an estimator with packets at a steady rate, which take `late_ms` each."""

    def __init__(self) -> None:
        self.estimator = BandwidthEstimator()
        self.now_ns = START_NS
        self.late_ms = 20.0

    def send(
        self,
        ms: int,
        bps: float = 2e6,
        *,
        growing: float = 0,
        lost: float = 0,
        every_ms: int = 10,
        update: bool = True,
    ) -> int:
        """For `ms`, a packet every `every_ms`; `growing` is the delay's growth in ms per second."""
        size = round(bps * every_ms / 8e3)
        expected = 0
        debt = 0.0
        for i in range(ms // every_ms):
            self.now_ns += every_ms * MS
            self.late_ms += growing * every_ms / 1000
            expected += 1
            debt += lost
            if debt >= 1:
                debt -= 1
            else:
                self.estimator.packet(self.now_ns, self.now_ns + int(self.late_ms * MS), size)
            if update and (i + 1) % (100 // every_ms) == 0:
                self.update(expected, round(lost * expected))
                expected = 0
        return self.estimator.bps

    def update(self, expected: int = 0, lost: int = 0) -> int:
        return self.estimator.update(self.now_ns, expected=expected, lost=lost, rtt_ns=50 * MS)


@pytest.fixture
def link() -> Link:
    return Link()


def test_nothing_is_known_before_the_first_feedback(link: Link) -> None:
    assert link.estimator.bps == 0
    link.send(10, update=False)
    assert link.update() == 1_000_000


def test_until_something_was_too_much_what_arrives_is_carried(link: Link) -> None:
    link.send(600, bps=8e6)
    assert link.estimator.bps >= 7.9e6


def test_after_overuse_what_arrives_is_no_longer_taken_for_carried(link: Link) -> None:
    link.send(600, bps=8e6)
    link.send(500, bps=8e6, growing=100)
    link.send(1000, bps=8e6)
    assert link.estimator.bps < 7.9e6


def test_growth_is_eight_per_cent_a_second(link: Link) -> None:
    link.send(1_000, bps=900e3)
    before = link.estimator.bps
    link.send(1_000, bps=900e3)
    assert 1.06 < link.estimator.bps / before < 1.1


def test_growth_ends_at_half_more_than_what_arrives(link: Link) -> None:
    link.send(60_000, bps=2e6)
    assert link.estimator.bps == pytest.approx(3.01e6, rel=0.01)


def test_what_was_reached_stays_when_less_is_sent(link: Link) -> None:
    link.send(20_000, bps=4e6)
    before = link.estimator.bps
    link.send(5_000, bps=300e3)
    assert link.estimator.bps == before


def test_a_growing_delay_is_overuse_and_ends_at_a_part_of_what_arrives(link: Link) -> None:
    link.send(2_000, bps=2e6)
    assert link.estimator.signal == "normal"
    link.send(400, bps=2e6, growing=100)
    assert link.estimator.signal == "over"
    assert link.estimator.bps == pytest.approx(0.85 * 2e6 / 1.1, rel=0.05)


def test_a_shrinking_delay_holds_the_estimate(link: Link) -> None:
    link.send(1_000, bps=2e6)
    link.send(600, bps=2e6, growing=150)
    link.send(1_000, bps=2e6, growing=-80, update=False)
    before = link.update()
    assert link.estimator.signal == "under"
    link.now_ns += 100 * MS
    assert link.update() == before


def test_a_slow_drift_of_clocks_is_no_overuse(link: Link) -> None:
    link.send(20_000, bps=2e6, growing=0.2)
    assert link.estimator.signal == "normal"


def test_the_threshold_rises_with_what_exceeds_it_and_falls_again(link: Link) -> None:
    link.send(3_000)
    calm = link.estimator.threshold_ms
    link.send(500, growing=60)
    assert link.estimator.threshold_ms > calm + 2
    link.send(5_000)
    assert link.estimator.threshold_ms == pytest.approx(6, abs=0.1)


def test_one_late_packet_is_no_overuse(link: Link) -> None:
    link.send(2_000)
    before = link.estimator.bps
    link.late_ms += 80
    link.send(10)
    link.late_ms -= 80
    link.send(300)
    assert link.estimator.bps >= before


def test_packets_sent_in_one_burst_are_one_group(link: Link) -> None:
    """Behind a narrow link the packets of a burst come one after the other; that is no growing queue."""
    for _ in range(100):
        link.now_ns += 40 * MS
        for i in range(10):
            link.estimator.packet(link.now_ns + i * 100_000, link.now_ns + (20 + 3 * i) * MS, 1000)
        link.update(10)
    assert link.estimator.signal == "normal"
    assert link.estimator.bps > 1.9e6


def test_a_decrease_waits_until_the_last_one_can_have_shown(link: Link) -> None:
    link.send(2_000, bps=2e6)
    link.send(300, bps=2e6, growing=100)
    assert link.estimator.signal == "over"
    first = link.estimator.bps
    for _ in range(3):
        link.now_ns += 10 * MS
        assert link.update() == first


def test_near_the_last_overuse_it_grows_by_a_packet_per_response(link: Link) -> None:
    link.send(3_000, bps=5e6)
    link.send(400, bps=5e6, growing=100)
    link.send(3_000, bps=5e6, update=False)
    link.late_ms = 20
    link.update()
    link.send(300, bps=5e6)
    before = link.estimator.bps
    link.send(1_000, bps=5e6)
    assert link.estimator.bps - before == pytest.approx(1200 * 8 / 0.15, rel=0.15)


def test_losses_over_a_tenth_lower_it(link: Link) -> None:
    link.send(2_000, bps=4e6)
    before = link.estimator.bps
    link.send(300, bps=4e6, lost=0.5)
    assert link.estimator.bps < 0.9 * before


def test_losses_of_five_per_cent_lower_nothing(link: Link) -> None:
    link.send(2_000, bps=4e6)
    before = link.estimator.bps
    link.send(5_000, bps=4e6, lost=0.05)
    assert link.estimator.bps >= before


def test_losses_that_chance_explains_lower_nothing(link: Link) -> None:
    link.send(2_000, bps=4e6)
    before = link.estimator.bps
    for _ in range(10):
        link.now_ns += 260 * MS
        link.update(expected=20, lost=3)
    assert link.estimator.bps >= before


def test_losses_never_lower_it_below_a_part_of_what_arrives(link: Link) -> None:
    link.send(2_000, bps=4e6)
    link.send(20_000, bps=4e6, lost=0.4)
    assert link.estimator.bps == pytest.approx(0.85 * 0.6 * 4e6, rel=0.1)


def test_without_losses_the_bound_rises_again_and_goes(link: Link) -> None:
    link.send(2_000, bps=4e6)
    before = link.estimator.bps
    link.send(1_000, bps=4e6, lost=0.5)
    link.send(30_000, bps=4e6)
    assert link.estimator.bps >= before


def test_packets_that_came_after_all_are_not_lost(link: Link) -> None:
    link.send(2_000, bps=4e6)
    before = link.estimator.bps
    link.update(expected=100, lost=60)
    link.update(lost=-60)
    link.now_ns += 260 * MS
    assert link.update(expected=1) >= before


def test_a_probe_raises_it_at_once(link: Link) -> None:
    link.send(1_000)
    link.estimator.probed(9e6)
    assert link.estimator.bps == 9_000_000
    link.estimator.probed(5e6)
    assert link.estimator.bps == 9_000_000


def test_a_probe_counts_for_nothing_while_the_queue_grows(link: Link) -> None:
    link.send(1_000)
    link.send(400, growing=100)
    before = link.estimator.bps
    link.estimator.probed(9e6)
    assert link.estimator.bps == before


def test_half_is_kept_free_while_the_queue_is_long(link: Link) -> None:
    link.send(3_000, bps=2e6)
    short = link.estimator.bps
    link.late_ms += 400
    link.estimator.packet(link.now_ns + 10 * MS, link.now_ns + 430 * MS, 1000)
    link.estimator.packet(link.now_ns + 30 * MS, link.now_ns + 450 * MS, 1000)
    assert link.estimator.queue_ms == pytest.approx(400, abs=5)
    assert link.estimator.bps == pytest.approx(short / 2, rel=0.01)


def test_a_longer_way_is_no_longer_queue_after_twenty_seconds(link: Link) -> None:
    link.send(3_000)
    link.late_ms += 200
    link.send(25_000)
    assert link.estimator.queue_ms < 5


def test_after_a_pause_old_delays_say_nothing(link: Link) -> None:
    link.send(2_000)
    before = link.estimator.bps
    link.now_ns += 3 * SECOND
    link.late_ms += 300
    link.send(1_000)
    assert link.estimator.queue_ms < 5
    assert link.estimator.bps >= before


def test_a_jump_of_the_viewers_clock_is_no_queue(link: Link) -> None:
    link.send(2_000)
    before = link.estimator.bps
    link.late_ms += 5_000
    link.send(1_000)
    assert link.estimator.bps >= before


def test_it_stays_within_its_bounds(link: Link) -> None:
    link.send(1_000, bps=1e9)
    assert link.estimator.bps <= 200e6
    link.send(600, bps=10e3, growing=400)
    link.send(5_000, bps=10e3, growing=400)
    link.send(5_000, bps=10e3)
    assert link.estimator.bps >= 50e3 / 2


# ------------------------------------------------------------ whole links


def test_a_sender_that_follows_it_fills_a_link_and_keeps_its_queue_short() -> None:
    link = Bottleneck(2e6)
    flow = Flow(link)
    now = run([flow], 30_000)
    queues: list[float] = []
    sent = flow.sent
    now = run([flow], 20_000, now, lambda at: queues.append(link.queue_now_ms(at)))
    assert (flow.sent - sent) * 1200 * 8 / 20 > 0.75 * 2e6
    assert sorted(queues)[len(queues) * 95 // 100] < 100
    assert flow.lost == 0


def test_a_link_that_narrows_to_a_tenth_has_a_short_queue_after_one_and_a_half_seconds() -> None:
    link = Bottleneck(5e6)
    flow = Flow(link, most_bps=4.5e6)
    now = run([flow], 20_000)
    link.bps = 0.5e6
    now = run([flow], 1_500, now)
    queues: list[float] = []
    flow.sent = flow.lost = 0
    run([flow], 15_000, now, lambda at: queues.append(link.queue_now_ms(at)))
    assert max(queues) < 200
    assert flow.lost <= 0.02 * flow.sent
    assert flow.sent * 1200 * 8 / 15 > 0.7 * 0.5e6


def test_a_link_that_widens_again_is_found_without_probes_too() -> None:
    link = Bottleneck(0.5e6)
    flow = Flow(link)
    now = run([flow], 15_000)
    assert flow.estimator.bps < 0.7e6
    link.bps = 5e6
    run([flow], 45_000, now)
    assert flow.estimator.bps > 2e6


def test_three_flows_share_a_link_fairly_whenever_they_came() -> None:
    link = Bottleneck(3e6)
    flows = [Flow(link, starts_ns=SECOND + i * 10 * SECOND) for i in range(3)]
    now = run(flows, 60_000)
    before = [flow.sent for flow in flows]
    run(flows, 60_000, now)
    sent = [flow.sent - was for flow, was in zip(flows, before, strict=True)]
    assert sum(sent) ** 2 / 3 / sum(one * one for one in sent) >= 0.9
    assert sum(sent) * 1200 * 8 / 60 > 0.8 * 3e6


@pytest.mark.parametrize("loss", [0.05, 0.08])
def test_random_loss_costs_no_bitrate(loss: float) -> None:
    flow = Flow(Bottleneck(20e6, loss=loss), most_bps=2.5e6)
    run([flow], 30_000)
    assert flow.estimator.bps > 2.5e6
