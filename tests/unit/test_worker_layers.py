"""Each viewer gets the encoding and the temporal layers that its target names, without a seam."""

import random
import struct

import pytest

from tests.layered import CLOCK, H264Layers, LayerViewer, Part, Vp8Layers
from tests.packet_path import PacketPath, Rtp, add_viewer
from vtp import _rtp_fast as fast

TOP = 127


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def watch(path: PacketPath, publisher: Vp8Layers, *, ssrc: int = 5555) -> tuple[LayerViewer, int]:
    peer, consumer = add_viewer(path, publisher.producer, ssrc=ssrc)
    return LayerViewer(peer, publisher), consumer


def layers(path: PacketPath, consumer: int) -> tuple[int, int]:
    stats = path.worker.consumer_stats(consumer)
    return stats["spatial_layer"], stats["temporal_layer"]


def test_viewer_without_a_target_gets_the_highest(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    publisher.run(1_000)
    assert viewer.shown()[-1] == "h" and layers(path, consumer) == (2, 2)
    viewer.check()


def test_lower_target_is_reached_at_its_key_frame_while_the_old_one_goes_on(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    publisher.run(2_000)
    publisher.wanted()
    path.worker.set_target_layers(consumer, 0, TOP)
    path.collect()
    assert publisher.wanted() == "l", "only the encoding that is gone to is asked"
    before = len(viewer.peer.rtp)
    publisher.run(200, answers=False)
    assert len(viewer.peer.rtp) == before + 5 and viewer.shown()[-1] == "h"
    publisher.frame(key="l")
    publisher.run(1_000)
    assert viewer.shown()[-2:] == "hl" and layers(path, consumer) == (0, 2)
    viewer.check()


def test_urgent_lower_target_is_reached_at_once_from_a_fresh_key_frame_in_the_ring(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    publisher.run(2_000)
    publisher.frame(key="l")
    publisher.run(300, answers=False)
    publisher.wanted()
    path.worker.set_target_layers(consumer, 0, TOP, urgent=True)
    path.advance(10)
    assert viewer.shown()[-1] == "l" and publisher.wanted() == ""
    publisher.run(1_000)
    viewer.check()


def test_an_encoding_that_comes_back_is_sent_once_to_who_must_go_down(path: PacketPath) -> None:
    """Its first packet sets the switch off and is in the ring already: no number may leave twice."""
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    publisher.run(800)
    publisher.run(2000, "h")
    path.worker.set_target_layers(consumer, 0, TOP, urgent=True)
    publisher.run(200, "h", answers=False)
    publisher.frame("lh", key="l")
    publisher.run(400, "lh")
    assert viewer.shown()[-2:] == "hl"
    viewer.check()


def test_lower_target_that_is_not_urgent_shows_nothing_twice(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    publisher.run(2_000)
    publisher.frame(key="l")
    publisher.run(300, answers=False)
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(2_000)
    times = [part.picture_time for _, part in viewer.parts()]
    assert viewer.shown()[-1] == "l" and times == sorted(times)


def test_fresh_key_frame_in_the_ring_is_no_way_up(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(4_000)
    publisher.frame(key="h")
    publisher.run(200, answers=False)
    publisher.wanted()
    path.worker.set_target_layers(consumer, 2, TOP, urgent=True)
    path.advance(10)
    assert viewer.shown() == "l" and publisher.wanted() == "h"


def test_key_frame_that_is_not_fresh_is_no_way_down(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    publisher.run(2_000)
    publisher.frame(key="l")
    publisher.run(600, answers=False)
    publisher.wanted()
    path.worker.set_target_layers(consumer, 0, TOP, urgent=True)
    path.advance(10)
    assert viewer.shown()[-1] == "h" and publisher.wanted() == "l"


def test_higher_target_is_reached_at_its_key_frame(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(2_000)
    assert viewer.shown() == "l"
    publisher.wanted()
    path.worker.set_target_layers(consumer, 1, TOP)
    path.collect()
    assert publisher.wanted() == "m"
    publisher.frame(key="m")
    publisher.run(500)
    assert viewer.shown() == "lm" and layers(path, consumer) == (1, 2)
    viewer.check()


def test_encodings_of_h264_begin_with_their_parameter_sets_and_keep_all_temporal_layers(
    path: PacketPath,
) -> None:
    publisher = H264Layers(path, parts=(1, 3))
    viewer, consumer = watch(path, publisher)
    publisher.run(2_000)
    for spatial in (0, 1, 2, 1):
        path.worker.set_target_layers(consumer, spatial, 0)
        publisher.run(1_000)
    assert viewer.shown()[-4:] == "lmhm" and viewer.temporals(-40) == {0, 1, 2}
    viewer.check()


def test_requests_of_all_viewers_are_merged_over_the_encodings(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    consumers = [watch(path, publisher, ssrc=5000 + 10 * i)[1] for i in range(20)]
    publisher.run(2_000)
    before = path.worker.counters()["key_frame_requests_sent"]
    for turn in range(50):
        for consumer in consumers:
            path.worker.set_target_layers(consumer, turn % 3, TOP)
        publisher.run(200, answers=False)
    assert path.worker.counters()["key_frame_requests_sent"] - before <= 21


def test_encoding_that_falls_silent_makes_its_viewers_go_to_the_next_lower_and_back_later(
    path: PacketPath,
) -> None:
    publisher = Vp8Layers(path)
    viewer, _ = watch(path, publisher)
    publisher.run(2_000)
    publisher.run(1_000, "lm")
    assert viewer.shown()[-1] == "m", "within a second"
    publisher.run(1_000, "lm")
    publisher.run(1_000)
    assert viewer.shown()[-2:] == "mh"
    viewer.check()


def test_encoding_that_sends_again_is_gone_back_to_at_its_first_key_frame(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, _ = watch(path, publisher)
    publisher.run(2_000)
    publisher.run(2_000, "lm")
    assert viewer.shown()[-1] == "m"
    publisher.frame(key="h")
    publisher.run(200, answers=False)
    assert viewer.shown()[-1] == "h"
    viewer.check()


def test_encoding_that_fell_silent_is_asked_for_nothing(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    _, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(2_000)
    path.worker.set_target_layers(consumer, 2, TOP)
    publisher.run(1_000, "lm", answers=False)
    publisher.wanted()
    publisher.run(2_000, "lm", answers=False)
    assert "h" not in publisher.wanted()


def test_lowest_above_the_target_serves_where_nothing_below_sends(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(2_000, "mh")
    assert viewer.shown() == "m" and layers(path, consumer) == (1, 2)


def test_who_has_nothing_begins_below_and_goes_up_later(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    publisher.run(4_000, answers=False)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 1, TOP)
    publisher.frame(key="h")
    publisher.run(200, answers=False)
    assert viewer.packets() == [], "not above its target"
    publisher.frame(key="l")
    assert viewer.shown() == "l", "at once"
    publisher.run(200, answers=False)
    publisher.frame(key="m")
    publisher.run(200, answers=False)
    assert viewer.shown() == "lm"
    viewer.check()


@pytest.mark.parametrize("after", [True, False])
def test_viewers_of_one_that_fell_silent_take_what_the_ring_has_unless_they_have_seen_it(
    path: PacketPath, after: bool
) -> None:
    publisher = Vp8Layers(path)
    viewer, _ = watch(path, publisher)
    publisher.run(4_000)
    if not after:
        publisher.frame(key="m")
        publisher.run(200)
    publisher.run(200, "lm", answers=False)
    if after:
        publisher.frame("lm", key="m")
    publisher.wanted()
    publisher.run(800, "lm", answers=False)
    assert (viewer.shown()[-1], publisher.wanted()) == (("m", "") if after else ("h", "m"))


def test_all_encodings_silent_together_change_nothing(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    publisher.run(5_000)
    publisher.wanted()
    path.advance(3_000)
    assert publisher.wanted() == "" and layers(path, consumer) == (2, 2)
    publisher.run(200)
    assert viewer.shown()[-1] == "h" and publisher.wanted() == ""


def test_target_of_nothing_stops_the_picture_and_another_starts_it_again(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    publisher.run(1_000)
    path.worker.set_target_layers(consumer, -1, 0)
    before = len(viewer.peer.rtp)
    publisher.run(2_000)
    assert len(viewer.peer.rtp) == before and layers(path, consumer) == (-1, -1)
    path.worker.set_target_layers(consumer, 1, TOP)
    publisher.run(1_000)
    assert viewer.shown()[-1] == "m"
    viewer.check()


def test_encodings_named_from_the_largest_down_are_counted_the_other_way(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    for encoding, size in zip(publisher.encodings, [(640, 360), (320, 180), (160, 90)], strict=True):
        encoding.size = size
    viewer, consumer = watch(path, publisher)
    publisher.run(2_000)
    assert viewer.shown()[-1] == "l", "the largest is the first one here"
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(1_000)
    assert viewer.shown()[-1] == "h" and layers(path, consumer) == (0, 2)
    viewer.check()


# --- time -------------------------------------------------------------------------------------------------


def shown_time(viewer: LayerViewer, at: int) -> tuple[int, int]:
    """Timestamp that a viewer was told and the picture's own time, of a packet."""
    packet, part = viewer.parts()[at]
    return packet.timestamp, part.picture_time


@pytest.mark.parametrize("reports", [True, False])
def test_switches_leave_no_error_in_the_timestamps(path: PacketPath, reports: bool) -> None:
    publisher = Vp8Layers(path, reports=reports)
    viewer, consumer = watch(path, publisher)
    publisher.run(2_000)
    first = shown_time(viewer, -1)
    for i in range(30):
        path.worker.set_target_layers(consumer, i % 3, TOP)
        publisher.run(600)
    last = shown_time(viewer, -1)
    error = ((last[0] - first[0]) & 0xFFFFFFFF) - (last[1] - first[1])
    assert abs(error) <= (100 if reports else CLOCK // 20), error
    viewer.check()


def test_live_key_frame_far_behind_is_passed_by_for_another(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(2_000)
    path.worker.set_target_layers(consumer, 2, TOP)
    path.collect()
    publisher.wanted()
    path.advance(600)
    late = publisher.encode(publisher.encodings[2], key=True, step=0)
    path.advance(40)
    publisher.run(120, "l", answers=False)
    for packet in late:
        publisher.arrive(packet)
    assert viewer.shown()[-1] == "l" and publisher.wanted() == "h"
    publisher.run(500)
    publisher.frame(key="h")
    publisher.run(200)
    assert viewer.shown()[-1] == "h"
    viewer.check()


def test_encoding_whose_key_frames_are_always_late_is_shown_after_three_of_them(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(2_000)
    path.worker.set_target_layers(consumer, 2, TOP)
    shown = ""
    for _ in range(4):
        path.advance(40)
        late = publisher.encode(publisher.encodings[2], key=True, step=0)
        publisher.run(120, "l", answers=False)
        for packet in late:
            publisher.arrive(packet)
        shown += viewer.shown()[-1]
    assert shown == "lllh"


def test_clocks_of_two_encodings_that_disagree_are_not_believed(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    publisher.clock_errors[2] = 20
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(2_000)
    first = shown_time(viewer, -1)
    for layer in (2, 0, 2, 1):
        path.worker.set_target_layers(consumer, layer, TOP)
        publisher.run(1_000)
        told, picture = shown_time(viewer, -1)
        assert abs(((told - first[0]) & 0xFFFFFFFF) - (picture - first[1])) < CLOCK // 20
    viewer.check()


def test_sender_report_to_the_viewer_goes_by_the_encoding_that_it_gets(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    publisher.run(2_000)
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(1_500)
    report = viewer.peer.rtcp_of(200)[-1]
    ntp, timestamp = struct.unpack("!QI", report[8:20])
    told, picture = shown_time(viewer, -1)
    elapsed = (ntp - (3_900_000_000 << 32)) * 1_000_000_000 >> 32
    ticks = (elapsed - publisher.began_ns) * 9 // 100_000
    assert abs(((timestamp - ticks) - (told - picture) + 0x8000) & 0xFFFFFFFF) - 0x8000 < 200


# --- frames in hand ---------------------------------------------------------------------------------------


def test_frame_in_hand_is_finished_before_the_switch(path: PacketPath) -> None:
    publisher = Vp8Layers(path, parts=(3, 3))
    viewer, consumer = watch(path, publisher)
    publisher.run(2_000)
    path.worker.set_target_layers(consumer, 0, TOP)
    path.advance(40)
    high = publisher.encode(publisher.encodings[2], key=False, step=0)
    low = publisher.encode(publisher.encodings[0], key=True, step=0)
    for packet in [high[0], high[1], *low, high[2]]:
        publisher.arrive(packet)
    publisher.run(200, answers=False)
    assert viewer.shown()[-2:] == "hl"
    viewer.check()


def test_frame_in_hand_that_is_newer_than_the_key_frame_is_cut_off(path: PacketPath) -> None:
    publisher = Vp8Layers(path, parts=(3, 3))
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 1, TOP)
    publisher.run(2_000)
    path.worker.set_target_layers(consumer, 2, TOP)
    path.advance(40)
    high = publisher.encode(publisher.encodings[2], key=True, step=0)
    middle = publisher.encode(publisher.encodings[1], key=False, step=0)
    for packet in middle:
        publisher.arrive(packet)
    path.advance(40)
    middle = publisher.encode(publisher.encodings[1], key=False, step=0)
    for packet in [middle[0], *high, *middle[1:]]:
        publisher.arrive(packet)
    assert [part.encoding for _, part in viewer.parts()][-4:] == [1, 2, 2, 2]
    publisher.run(200, answers=False)
    assert viewer.holes() == 1
    viewer.check(holes=1)


def test_next_frame_does_not_begin_when_the_one_in_hand_lacks_its_end(path: PacketPath) -> None:
    publisher = Vp8Layers(path, parts=(3, 3))
    viewer, consumer = watch(path, publisher)
    publisher.run(2_000)
    path.worker.set_target_layers(consumer, 0, TOP)
    path.advance(40)
    high = publisher.encode(publisher.encodings[2], key=False, step=0)
    low = publisher.encode(publisher.encodings[0], key=True, step=0)
    for packet in [high[0], high[1], *low]:
        publisher.arrive(packet)
    path.advance(10)
    publisher.arrive(publisher.encode(publisher.encodings[2], key=False, step=0)[0])
    path.advance(5)
    assert [part.encoding for _, part in viewer.parts()][-5:] == [2, 2, 0, 0, 0]


def test_frame_that_is_cut_off_costs_a_number(path: PacketPath) -> None:
    publisher = Vp8Layers(path, parts=(3, 3))
    viewer, consumer = watch(path, publisher)
    publisher.run(2_000)
    path.worker.set_target_layers(consumer, 0, TOP)
    path.advance(40)
    high = publisher.encode(publisher.encodings[2], key=False, step=0)
    low = publisher.encode(publisher.encodings[0], key=True, step=0)
    for packet in [high[0], high[1], *low]:
        publisher.arrive(packet)
    path.advance(50)
    publisher.run(200, "l", answers=False)
    assert viewer.shown()[-2:] == "hl"
    assert viewer.holes() == 1
    viewer.check(holes=1)


# --- temporal layers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("temporal", [0, 1])
def test_temporal_layers_above_the_target_are_left_out_without_a_hole(
    path: PacketPath, temporal: int
) -> None:
    publisher = Vp8Layers(path, parts=(1, 3))
    viewer, consumer = watch(path, publisher)
    publisher.run(4_000)
    path.worker.set_target_layers(consumer, 2, temporal)
    before = len(viewer.peer.rtp)
    publisher.run(2_000, answers=False)
    assert viewer.temporals(before + 3) == set(range(temporal + 1)) and layers(path, consumer) == (
        2,
        temporal,
    )
    viewer.check()


def test_picture_ids_have_no_gap_where_frames_are_left_out(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 2, 1)
    publisher.run(3_000)
    ids = [struct.unpack("!H", packet.payload[2:4])[0] & 0x7FFF for packet, _ in viewer.parts()]
    assert ids == [(ids[0] + i) & 0x7FFF for i in range(len(ids))]


def test_temporal_layers_come_back_without_a_key_frame(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    publisher.run(4_000)
    path.worker.set_target_layers(consumer, 2, 0)
    publisher.run(1_000)
    publisher.wanted()
    path.worker.set_target_layers(consumer, 2, TOP)
    before = len(viewer.peer.rtp)
    publisher.run(1_000, answers=False)
    assert viewer.temporals(before) == {0, 1, 2} and publisher.wanted() == ""
    viewer.check()


def test_temporal_layers_all_come_at_a_key_frame(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 2, 0)
    publisher.run(4_000)
    path.worker.set_target_layers(consumer, 2, TOP)
    publisher.frame(key="h")
    publisher.frame()
    assert [part.temporal for _, part in viewer.parts()[-2:]] == [0, 2]


def test_late_packet_finds_its_own_number_among_those_left_out(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 2, 1)
    publisher.run(1_000)
    high = publisher.encodings[2]
    while high.position % 8:
        publisher.run(40)
    path.advance(40)
    packets = [packet for _ in range(8) for packet in publisher.encode(high, key=False, step=0)]
    for packet in [*packets[:4], *packets[5:], packets[4]]:
        publisher.arrive(packet)
    assert Part.find(viewer.peer.rtp[-1].payload).temporal == 0
    publisher.path.advance(40)
    publisher.run(200)
    assert viewer.holes() == 0


def test_late_packet_of_a_layer_left_out_goes_empty(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 2, 0)
    publisher.run(1_000)
    high = publisher.encodings[2]
    while high.position % 8:
        publisher.run(40)
    packets = [packet for _ in range(5) for packet in publisher.encode(high, key=False, step=0)]
    for packet in [packets[0], packets[4], packets[1], packets[2], packets[3]]:
        publisher.arrive(packet)
    assert [bool(packet.payload) for packet in viewer.peer.rtp[-5:]] == [True, True, False, False, False]
    publisher.run(200)
    assert viewer.holes() == 0


def test_packet_that_is_too_late_to_know_its_number_is_not_sent(path: PacketPath) -> None:
    publisher = Vp8Layers(path, parts=(3, 3))
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 2, 1)
    publisher.run(1_000)
    path.advance(40)
    late, *rest = publisher.encode(publisher.encodings[2], key=False, step=0)
    for packet in rest:
        publisher.arrive(packet)
    publisher.run(7_000, "h", answers=False)
    before = len(viewer.peer.rtp)
    publisher.arrive(late)
    assert len(viewer.peer.rtp) == before


def test_numbers_are_right_behind_a_long_gap(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 2, 1)
    publisher.run(20_000)
    high = publisher.encodings[2]
    for _ in range(601):
        publisher.encode(high, key=False, step=0)
    path.advance(40)
    packets = [packet for _ in range(8) for packet in publisher.encode(high, key=False, step=0)]
    for packet in [*packets[4:], *packets[:4]]:
        publisher.arrive(packet)
    assert viewer.holes() == 601


# --- resends, pipes, figures ------------------------------------------------------------------------------


def nack(viewer: LayerViewer, number: int) -> None:
    viewer.peer.send_rtcp(struct.pack("!BBHIIHH", 0x81, 205, 3, 1, 5555, number & 0xFFFF, 0))


def test_packet_from_before_a_switch_is_sent_again_as_it_was(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    viewer, consumer = watch(path, publisher)
    publisher.run(1_000)
    for i in range(4):
        path.worker.set_target_layers(consumer, i % 3, i % 2)
        publisher.run(400)
    sent = list(viewer.peer.rtp)
    for packet in sent[-60:]:
        nack(viewer, packet.sequence)
        again = viewer.peer.rtp[-1]
        assert (
            again.payload_type == 121 and again.payload == struct.pack("!H", packet.sequence) + packet.payload
        )
        assert again.timestamp == packet.timestamp and again.marker == packet.marker
    assert path.worker.consumer_stats(consumer)["missed"] == 0


def test_viewer_on_another_worker_chooses_layers_too(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    there = PacketPath()
    there.now_ns = path.now_ns
    outlet = there.worker.add_outlet(path.worker, publisher.producer)
    peer, consumer = add_viewer(there, outlet)
    viewer = LayerViewer(peer, publisher)

    def run(ms: int, rids: str = "lmh") -> None:
        for _ in range(ms // 40):
            publisher.run(40, rids)
            there.advance(40)
            path.worker.advance(path.now_ns)
            path.collect()

    run(1_000)
    for target, shown in [(0, "l"), (2, "h"), (1, "m")]:
        there.worker.set_target_layers(consumer, target, TOP)
        run(1_000)
        assert viewer.shown()[-1] == shown
    viewer.check()
    before = there.worker.producer_stats(outlet)["streams"][0]["packets"]
    run(4_000)
    before_two = there.worker.producer_stats(outlet)["streams"][0]["packets"]
    run(1_000)
    assert (
        before_two > before - 1 and there.worker.producer_stats(outlet)["streams"][0]["packets"] == before_two
    )
    there.worker.set_target_layers(consumer, 2, TOP)
    run(1_000)
    run(1_500, "lm")
    assert viewer.shown()[-1] == "m", "it hears of an encoding that fell silent"
    viewer.check()


def test_encoding_that_nobody_watches_is_told_and_so_is_the_next_viewer_of_it(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    _, consumer = watch(path, publisher)
    publisher.run(1_000)
    path.worker.poll_events()
    path.worker.set_target_layers(consumer, 1, TOP)
    publisher.run(4_000)
    told = [event for event in path.events() if event[0] == fast.EVENT_LAYER_UNWATCHED]
    assert (fast.EVENT_LAYER_UNWATCHED, publisher.producer, 2) not in told
    publisher.run(3_000)
    told = path.events(fast.EVENT_LAYER_UNWATCHED)
    assert (fast.EVENT_LAYER_UNWATCHED, publisher.producer, 2) in told
    assert (fast.EVENT_LAYER_UNWATCHED, publisher.producer, 1) not in told
    path.worker.set_target_layers(consumer, 2, TOP)
    assert path.events(fast.EVENT_LAYER_WATCHED) == [(fast.EVENT_LAYER_WATCHED, publisher.producer, 2)]


def test_encoding_that_stands_in_for_a_silent_one_is_watched(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    watch(path, publisher)
    publisher.run(1_000)
    publisher.run(8_000, "lm")
    told = {value for _, _, value in path.events(fast.EVENT_LAYER_UNWATCHED)}
    assert told == {0}


def test_viewer_that_pauses_watches_nothing(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    _, consumer = watch(path, publisher)
    publisher.run(1_000)
    path.worker.pause_consumer(consumer, True)
    publisher.run(8_000)
    told = {value for _, _, value in path.events(fast.EVENT_LAYER_UNWATCHED)}
    assert told == {0, 1, 2}


def test_encoding_watched_on_another_worker_alone_is_watched(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    there = PacketPath()
    there.now_ns = path.now_ns
    _, consumer = add_viewer(there, there.worker.add_outlet(path.worker, publisher.producer))
    there.worker.set_target_layers(consumer, 1, TOP)
    for _ in range(225):
        publisher.run(40)
        there.advance(40)
    told = {value for _, _, value in path.events(fast.EVENT_LAYER_UNWATCHED)}
    assert told == {0, 2}


def test_recorder_keeps_the_highest_encoding_watched(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    tap = path.worker.open_tap(publisher.producer, 1 << 20)
    publisher.run(8_000)
    told = {value for _, _, value in path.events(fast.EVENT_LAYER_UNWATCHED)}
    assert told == {0, 1}
    tap.close()


def ssrcs_taken(tap: fast.Tap) -> list[int]:
    """The streams whose packets a tap has been given since the last time, one after the other."""
    depacketizer = fast.Depacketizer(fast.CODEC_VP8, CLOCK, 0)
    tap.drain(depacketizer)
    return list(dict.fromkeys(unit.ssrc for unit in depacketizer.poll(0)))


def test_taps_have_a_layer_each_and_of_one_that_falls_silent_the_next_lower(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    publisher.run(1_000)
    low, mid, high = (encoding.ssrc for encoding in publisher.encodings)
    taps = [path.worker.open_tap(publisher.producer, 1 << 20, below) for below in (0, 1, 2, 3)]
    publisher.frame(key="lmh")
    publisher.run(1_000)
    assert [ssrcs_taken(tap) for tap in taps] == [[high], [mid], [low], [low]]
    for sent, taken in (("lm", [mid, mid, low]), ("mh", [high, mid, mid]), ("h", [high, high, high])):
        publisher.run(1_500, sent)
        for tap in taps:
            ssrcs_taken(tap)
        publisher.frame(sent, key=sent)
        publisher.run(400, sent)
        assert [ssrcs_taken(tap) for tap in taps[:3]] == [[one] for one in taken], sent
    for tap in taps:
        tap.close()


def test_every_layer_that_is_tapped_is_watched(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    taps = [path.worker.open_tap(publisher.producer, 1 << 20, below) for below in (0, 2)]
    publisher.run(8_000)
    assert {value for _, _, value in path.events(fast.EVENT_LAYER_UNWATCHED)} == {1}
    for tap in taps:
        tap.close()


def test_change_of_layers_is_told_once(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    _, consumer = watch(path, publisher)
    publisher.run(1_000)
    path.worker.poll_events()
    path.worker.set_target_layers(consumer, 0, 1)
    publisher.run(1_000)
    assert [value for _, _, value in path.events(fast.EVENT_LAYERS_CHANGED)][-1] == (0, 1)
    publisher.run(1_000)
    assert path.events(fast.EVENT_LAYERS_CHANGED) == []


def test_figures_of_each_encoding_are_of_the_last_whole_second(path: PacketPath) -> None:
    publisher = Vp8Layers(path)
    watch(path, publisher)
    publisher.run(4_000)
    streams = path.worker.producer_stats(publisher.producer)["streams"]
    for stream, encoding in zip(streams, publisher.encodings, strict=True):
        assert (stream["width"], stream["height"]) == encoding.size
        assert stream["layer"] == publisher.encodings.index(encoding)
        assert 24 <= stream["frames_per_second"] <= 26 and 24 <= stream["packets_per_second"] <= 26
        by_layer = stream["bitrates_bps"][0]
        assert len(by_layer) == 3 and by_layer[2] > by_layer[0] > 0
        assert stream["bitrate_bps"] == pytest.approx(sum(by_layer))
    path.advance(3_000)
    stream = path.worker.producer_stats(publisher.producer)["streams"][0]
    assert stream["bitrate_bps"] == 0 and stream["frames_per_second"] == 0


def test_first_figures_are_of_a_quarter_of_a_second(path: PacketPath) -> None:
    """Who finds at once that a link is too narrow must know what layers cost."""
    publisher = Vp8Layers(path)
    watch(path, publisher)
    publisher.run(320)
    first = path.worker.producer_stats(publisher.producer)["streams"][0]
    assert 20 <= first["frames_per_second"] <= 30
    publisher.run(640)
    assert path.worker.producer_stats(publisher.producer)["streams"][0]["bitrate_bps"] == first["bitrate_bps"]
    publisher.run(400)
    whole = path.worker.producer_stats(publisher.producer)["streams"][0]
    assert whole["frames_per_second"] == pytest.approx(25, abs=1)
    assert whole["bitrate_bps"] != first["bitrate_bps"], "from then on seconds are whole"


# --- walks ------------------------------------------------------------------------------------------------


@pytest.mark.drawn
@pytest.mark.parametrize("kind", [Vp8Layers, H264Layers])
@pytest.mark.parametrize("seed", range(8))
def test_random_switches_under_loss_and_reordering_leave_no_seam(seed: int, kind: type[Vp8Layers]) -> None:
    dice = random.Random(seed)
    loss = 0.05 if seed % 4 else 0.0
    path = PacketPath()
    publisher = kind(path, dice=dice, parts=(1, 4), reports=seed % 3 > 0)
    viewer, consumer = watch(path, publisher)
    late: list[tuple[int, Rtp]] = []
    for turn in range(600):
        if dice.random() < 0.08:
            target = dice.randrange(3), dice.choice([0, 1, 2, TOP])
            path.worker.set_target_layers(consumer, *target, urgent=dice.random() < 0.5)
        path.advance(dice.choice([20, 33, 40, 45]))
        publisher.report()
        wanted = publisher.wanted()
        packets = []
        silent = turn // 60 % 4 == 3
        for encoding in publisher.encodings:
            if silent and encoding.rid == "h":
                continue
            key = not encoding.frames or encoding.rid in wanted
            packets += publisher.encode(encoding, key=key, step=turn)
        for packet in packets:
            first = Part.find(packet.payload).frame == 0  # that something came before it nobody can know
            if dice.random() < loss and not first:
                late.append((turn + dice.randrange(1, 6), packet))
            else:
                publisher.arrive(packet)
        due = [packet for when, packet in late if when <= turn]
        late = [entry for entry in late if entry[0] > turn]
        for packet in due:
            if dice.random() < 0.9:
                publisher.arrive(packet)
    frames = viewer.check(holes=viewer.holes() if loss else 0)
    assert frames > 100 and len(viewer.shown()) > 5
