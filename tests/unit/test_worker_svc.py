"""Layers in one stream: each viewer gets the spatial and temporal ones that its target names."""

import random

import pytest

from tests.layered import Part
from tests.packet_path import PacketPath, Rtp
from tests.svc import Av1Svc, H264Temporal, SvcPublisher, SvcViewer, Vp9Svc, add_svc_viewer
from vtp import _rtp_fast as fast

TOP = 127
IDS = {fast.EXT_MID: 9, fast.EXT_ABS_SEND_TIME: 2, fast.EXT_DEPENDENCY_DESCRIPTOR: 12}
BOTH = pytest.mark.parametrize("kind", [Vp9Svc, Av1Svc])


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def watch(path: PacketPath, publisher: SvcPublisher) -> tuple[SvcViewer, int]:
    peer, consumer = add_svc_viewer(path, publisher, IDS)
    return SvcViewer(peer, publisher), consumer


def current(path: PacketPath, consumer: int) -> tuple[int, int]:
    stats = path.worker.consumer_stats(consumer)
    return stats["spatial_layer"], stats["temporal_layer"]


@pytest.mark.parametrize("key_only", [False, True])
def test_spatial_layers_above_the_target_go_with_the_next_picture(path: PacketPath, key_only: bool) -> None:
    publisher = Vp9Svc(path, key_only=key_only)
    viewer, consumer = watch(path, publisher)
    publisher.run(2_000)
    assert {spatial for spatial, _ in viewer.layers()} == {0, 1, 2}
    publisher.wanted()
    path.worker.set_target_layers(consumer, 1, TOP)
    publisher.run(800, answers=False)
    assert {spatial for spatial, _ in viewer.layers()} == {0, 1} and current(path, consumer) == (1, 2)
    assert not publisher.wanted()
    viewer.check()


@BOTH
def test_spatial_layers_come_at_a_key_picture_which_is_asked_for(
    path: PacketPath, kind: type[SvcPublisher]
) -> None:
    publisher = kind(path)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(2_000)
    assert {spatial for spatial, _ in viewer.layers()} == {0}
    publisher.wanted()
    path.worker.set_target_layers(consumer, 2, TOP)
    path.advance(50)
    assert publisher.wanted()
    for _ in range(5):
        path.advance(40)
        for packet in publisher.encode():
            publisher.arrive(packet)
    assert {spatial for spatial, _ in viewer.layers()} == {0}
    path.advance(40)
    for packet in publisher.encode(key=True):
        publisher.arrive(packet)
    publisher.run(800)
    assert {spatial for spatial, _ in viewer.layers()} == {0, 1, 2} and current(path, consumer) == (2, 2)
    viewer.check()


@BOTH
@pytest.mark.parametrize("temporal", [0, 1])
def test_temporal_layers_go_and_come_without_a_key_picture(
    path: PacketPath, kind: type[SvcPublisher], temporal: int
) -> None:
    publisher = kind(path)
    viewer, consumer = watch(path, publisher)
    publisher.run(4_000)
    publisher.wanted()
    path.worker.set_target_layers(consumer, 2, temporal)
    publisher.run(1_000, answers=False)
    assert {t for _, t in viewer.layers(16)} == set(range(temporal + 1))
    path.worker.set_target_layers(consumer, 2, TOP)
    publisher.run(1_000, answers=False)
    assert {t for _, t in viewer.layers(16)} == {0, 1, 2} and not publisher.wanted()
    viewer.check()


@BOTH
def test_temporal_layers_go_while_spatial_ones_are_awaited(
    path: PacketPath, kind: type[SvcPublisher]
) -> None:
    publisher = kind(path)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(4_000)
    path.worker.set_target_layers(consumer, 2, 0)
    publisher.run(1_000, answers=False)
    assert viewer.layers(16) == {(0, 0)} and publisher.wanted()
    viewer.check()


@BOTH
def test_target_above_what_there_is_asks_for_nothing(path: PacketPath, kind: type[SvcPublisher]) -> None:
    publisher = kind(path)
    _, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 2, TOP)
    publisher.run(4_000)
    publisher.wanted()
    path.worker.set_target_layers(consumer, TOP, TOP)
    publisher.run(1_000, answers=False)
    assert not publisher.wanted()


@BOTH
def test_marker_is_on_the_last_packet_of_the_highest_layer_passed(
    path: PacketPath, kind: type[SvcPublisher]
) -> None:
    publisher = kind(path, parts=(2, 2))
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 1, TOP)
    publisher.run(1_000)
    assert [packet.marker for packet in viewer.peer.rtp[:4]] == [False, False, False, True]
    viewer.check()


@BOTH
def test_layer_that_the_publisher_leaves_out_costs_nothing(
    path: PacketPath, kind: type[SvcPublisher]
) -> None:
    publisher = kind(path)
    viewer, _ = watch(path, publisher)
    publisher.run(1_000)
    publisher.run(1_000, spatial=2)
    assert {spatial for spatial, _ in viewer.layers()} == {0, 1}
    viewer.check()


@BOTH
@pytest.mark.parametrize("key_only", [False, True])
@pytest.mark.parametrize(("target", "without"), [(1, 1), (2, 2), (TOP, 2), (1, 0), (2, 1)])
def test_picture_ends_with_the_highest_layer_that_there_is(
    path: PacketPath, kind: type[SvcPublisher], key_only: bool, target: int, without: int
) -> None:
    publisher = kind(path, key_only=key_only)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, target, TOP)
    publisher.run(400)
    publisher.run(400, without=without)
    publisher.run(400)
    assert viewer.holes() == 0 and viewer.check() > 30 - 10 * key_only


@BOTH
def test_end_of_a_lower_layer_goes_with_the_next_packet_of_whatever_layer(
    path: PacketPath, kind: type[SvcPublisher]
) -> None:
    publisher = kind(path, parts=(1, 1))
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 1, TOP)
    publisher.run(400)
    for without, markers in [(None, [False, True]), (1, [True])]:
        path.advance(40)
        low, *rest = publisher.encode(without=without)
        before = len(viewer.peer.rtp)
        publisher.arrive(low)
        assert len(viewer.peer.rtp) == before
        publisher.arrive(rest[0])
        assert [packet.marker for packet in viewer.peer.rtp[before:]] == markers
        for packet in rest[1:]:
            publisher.arrive(packet)


@BOTH
def test_end_of_a_lower_layer_whose_picture_is_cut_short_goes_with_the_next_picture(
    path: PacketPath, kind: type[SvcPublisher]
) -> None:
    publisher = kind(path, parts=(1, 1))
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 1, TOP)
    publisher.run(400)
    path.advance(40)
    publisher.arrive(publisher.encode()[0])
    before = len(viewer.peer.rtp)
    path.advance(40)
    publisher.arrive(publisher.encode()[0])
    assert [packet.marker for packet in viewer.peer.rtp[before:]] == [True]


@BOTH
def test_end_of_a_lower_layer_that_nothing_follows_goes_after_a_while(
    path: PacketPath, kind: type[SvcPublisher]
) -> None:
    publisher = kind(path, parts=(1, 1))
    viewer, _ = watch(path, publisher)
    publisher.run(400)
    path.advance(40)
    for packet in publisher.encode(without=2):
        publisher.arrive(packet)
    before = len(viewer.peer.rtp)
    path.advance(70)
    assert len(viewer.peer.rtp) == before
    path.advance(70)
    assert [packet.marker for packet in viewer.peer.rtp[before:]] == [True]
    publisher.run(400)
    viewer.check()


@BOTH
def test_nothing_waits_for_who_gets_the_lowest_layer(path: PacketPath, kind: type[SvcPublisher]) -> None:
    publisher = kind(path, parts=(1, 1))
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(400)
    path.advance(40)
    before = len(viewer.peer.rtp)
    publisher.arrive(publisher.encode()[0])
    assert len(viewer.peer.rtp) == before + 1


@BOTH
@pytest.mark.parametrize("without", [None, 1])
def test_late_end_of_a_lower_layer_is_marked_when_no_other_followed(
    path: PacketPath, kind: type[SvcPublisher], without: int | None
) -> None:
    publisher = kind(path, parts=(2, 2))
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 1, TOP)
    publisher.run(400)
    path.advance(40)
    first, end, *rest = publisher.encode(without=without)
    for packet in [first, *rest, end]:
        publisher.arrive(packet)
    assert Part.find(viewer.peer.rtp[-1].payload).index == 1
    assert viewer.peer.rtp[-1].marker == (without == 1)
    publisher.run(400)
    viewer.check()


@BOTH
@pytest.mark.parametrize("target", [(0, TOP), (2, 0)])
def test_lower_target_waits_for_the_next_picture(
    path: PacketPath, kind: type[SvcPublisher], target: tuple[int, int]
) -> None:
    publisher = kind(path, parts=(1, 1))
    viewer, consumer = watch(path, publisher)
    publisher.run(400)
    while publisher.position % 8 != 3:
        publisher.run(40)
    path.advance(40)
    packets = publisher.encode()
    publisher.arrive(packets[0])
    path.worker.set_target_layers(consumer, *target)
    for packet in packets[1:]:
        publisher.arrive(packet)
    assert [packet.marker for packet in viewer.peer.rtp[-3:]] == [False, False, True]
    publisher.run(400)
    viewer.check()
    assert current(path, consumer) == (target[0], min(target[1], 2))


@BOTH
def test_packet_that_waited_when_the_viewer_paused_leaves_no_hole(
    path: PacketPath, kind: type[SvcPublisher]
) -> None:
    publisher = kind(path, parts=(1, 1))
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 1, TOP)
    publisher.run(400)
    path.advance(40)
    low, *rest = publisher.encode()
    publisher.arrive(low)
    path.worker.pause_consumer(consumer, True)
    for packet in rest:
        publisher.arrive(packet)
    publisher.run(400)
    path.worker.pause_consumer(consumer, False)
    publisher.run(1_000)
    assert viewer.check() > 30


@BOTH
def test_figures_are_kept_by_layer(path: PacketPath, kind: type[SvcPublisher]) -> None:
    publisher = kind(path)
    watch(path, publisher)
    publisher.run(3_000)
    stream = path.worker.producer_stats(publisher.producer)["streams"][0]
    assert [len(row) for row in stream["bitrates_bps"]] == [3, 3, 3]
    assert 24 <= stream["frames_per_second"] <= 26


@pytest.mark.drawn
@BOTH
@pytest.mark.parametrize("key_only", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_random_targets_under_loss_and_reordering_leave_no_seam(
    seed: int, key_only: bool, kind: type[SvcPublisher]
) -> None:
    dice = random.Random(seed)
    loss = 0.05 if seed % 4 else 0.0
    path = PacketPath()
    publisher = kind(path, dice=dice, parts=(1, 3), key_only=key_only)
    viewer, consumer = watch(path, publisher)
    late: list[tuple[int, Rtp]] = []
    for turn in range(500):
        if dice.random() < 0.1:
            path.worker.set_target_layers(consumer, dice.choice([0, 1, 2, TOP]), dice.choice([0, 1, 2, TOP]))
        path.advance(dice.choice([20, 33, 40, 45]))
        key = not publisher.frames or publisher.wanted()
        spare = publisher.position % 8 > 2  # of those that let layers come nothing is left out
        without = dice.choice([None, 0, 1, 2]) if spare else None
        for packet in publisher.encode(key=key, without=without):
            if dice.random() < loss:
                late.append((turn + dice.randrange(1, 6), packet))
            else:
                publisher.arrive(packet)
        for packet in [packet for when, packet in late if when <= turn]:
            if dice.random() < 0.9:
                publisher.arrive(packet)
        late = [entry for entry in late if entry[0] > turn]
    frames = viewer.check(holes=viewer.holes() if loss else 0, ends=loss == 0)
    assert frames > 200


@pytest.mark.parametrize("temporal", [0, 1])
def test_temporal_layers_of_h264_go_and_come_by_its_descriptor(path: PacketPath, temporal: int) -> None:
    publisher = H264Temporal(path, layers=1)
    viewer, consumer = watch(path, publisher)
    publisher.run(4_000)
    assert viewer.layers(16) == {(0, 0), (0, 1), (0, 2)}
    publisher.wanted()
    path.worker.set_target_layers(consumer, TOP, temporal)
    publisher.run(1_000, answers=False)
    assert viewer.layers(16) == {(0, t) for t in range(temporal + 1)}
    assert current(path, consumer) == (0, temporal)
    path.worker.set_target_layers(consumer, TOP, TOP)
    publisher.run(1_000, answers=False)
    assert viewer.layers(16) == {(0, 0), (0, 1), (0, 2)} and not publisher.wanted()
    assert all(12 not in packet.extensions for packet in viewer.peer.rtp), "it is AV1's alone"
    viewer.check()


# --- the dependency descriptor ------------------------------------------------------------------------------


class DescendingTargets(Av1Svc):
    """The decode target of all layers is the first."""

    @property
    def targets(self) -> list[tuple[int, int]]:
        return super().targets[::-1]


@pytest.mark.parametrize("kind", [Av1Svc, DescendingTargets])
def test_decode_target_is_found_in_whatever_order_they_are(path: PacketPath, kind: type[Av1Svc]) -> None:
    publisher = kind(path)
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 1, 1)
    publisher.run(2_000)
    assert viewer.layers(16) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    viewer.check()


def sent_descriptors(viewer: SvcViewer) -> list[tuple[bytes, Rtp]]:
    return [(packet.extensions[12], packet) for packet in viewer.packets().values()]


def test_descriptor_names_the_decode_targets_that_pass_and_keeps_the_rest(path: PacketPath) -> None:
    publisher = Av1Svc(path, parts=(2, 2))
    viewer, consumer = watch(path, publisher)
    path.worker.set_target_layers(consumer, 1, 1)
    publisher.run(1_000)
    group, frame = viewer.frames()[0]
    offset = int.from_bytes(group[0].extensions[12][1:3], "big") - frame.number
    mask = sum(1 << i for i, (s, t) in enumerate(publisher.targets) if s <= 1 and t <= 1)
    told = group[0].extensions[12]
    expected = publisher.descriptor(frame, 0, frame.number + offset, mask)
    assert len(told) > 16 and told.rstrip(b"\0") == expected.rstrip(b"\0")
    for group, frame in viewer.frames()[1:]:
        for part, packet in enumerate(group):
            masked = mask if frame.key and frame.spatial == part == 0 else None
            expected = publisher.descriptor(frame, part, frame.number + offset, masked)
            assert packet.extensions[12].rstrip(b"\0") == expected.rstrip(b"\0")
            assert packet.marker == (frame.spatial == 1 and part == 1)


def test_descriptor_names_them_again_where_they_change(path: PacketPath) -> None:
    publisher = Av1Svc(path, parts=(2, 2))
    viewer, consumer = watch(path, publisher)
    publisher.run(4_000)
    before = len(viewer.frames())
    path.worker.set_target_layers(consumer, 0, 0)
    publisher.run(400, answers=False)
    group, frame = viewer.frames()[before]
    offset = int.from_bytes(group[0].extensions[12][1:3], "big") - frame.number
    expected = publisher.descriptor(frame, 0, frame.number + offset, 1)
    assert group[0].extensions[12].rstrip(b"\0") == expected.rstrip(b"\0")
    assert group[1].extensions[12] == publisher.descriptor(frame, 1, frame.number + offset)


def test_key_only_layers_go_down_at_a_key_picture_which_is_asked_for(path: PacketPath) -> None:
    publisher = Av1Svc(path, key_only=True)
    viewer, consumer = watch(path, publisher)
    publisher.run(4_000)
    publisher.wanted()
    path.worker.set_target_layers(consumer, 0, TOP)
    publisher.run(1_000)
    assert {spatial for spatial, _ in viewer.layers()} == {0}
    viewer.check()


def test_av1_of_a_viewer_without_the_descriptor_is_selected_alike(path: PacketPath) -> None:
    publisher = Av1Svc(path)
    peer, consumer = add_svc_viewer(path, publisher, {fast.EXT_MID: 9})
    viewer = SvcViewer(peer, publisher)
    path.worker.set_target_layers(consumer, 1, 0)
    publisher.run(1_000)
    assert viewer.layers() == {(0, 0), (1, 0)}
    viewer.check()
