"""What a publisher of sound is told of its viewers' loss, so that its encoder adds FEC."""

import struct

import pytest

from tests.packet_path import PacketPath, Peer, VideoPublisher, add_viewer
from tests.speakers import LOUD, QUIET, SoundPublisher, say_all


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def tell_loss(viewer: Peer, percent: float) -> None:
    """A receiver report of the viewer."""
    fraction = int(percent * 256 / 100)
    viewer.send_rtcp(struct.pack("!BBHIIIIIII", 0x81, 201, 7, 1, 5555, fraction << 24, 0, 0, 0, 0))


def told(publisher: Peer) -> tuple[float, int]:
    """Fraction (in percent) and sum of lost packets of the last receiver report."""
    report = publisher.rtcp_of(201)[-1]
    return report[12] * 100 / 256, int.from_bytes(report[13:16], "big", signed=True)


def run(path: PacketPath, publisher: SoundPublisher, ms: int = 1_100) -> None:
    say_all(path, {publisher: QUIET}, ms)


def test_worst_of_a_few_viewers_is_told_and_the_sum_is_not_touched(path: PacketPath) -> None:
    ada = SoundPublisher(path, 11)
    viewers = [add_viewer(path, ada.producer, kind="audio")[0] for _ in range(3)]
    run(path, ada, 200)
    for viewer, percent in zip(viewers, (0, 20, 5), strict=True):
        tell_loss(viewer, percent)
    run(path, ada)
    fraction, lost = told(ada.peer)
    assert fraction == pytest.approx(20, abs=0.5) and lost == 0


def test_one_of_ten_viewers_is_left_out(path: PacketPath) -> None:
    ada = SoundPublisher(path, 11)
    viewers = [add_viewer(path, ada.producer, kind="audio")[0] for _ in range(10)]
    run(path, ada, 200)
    for viewer, percent in zip(viewers, (24, 6, 0, 0, 0, 0, 0, 0, 0, 0), strict=True):
        tell_loss(viewer, percent)
    run(path, ada)
    assert told(ada.peer)[0] == pytest.approx(6, abs=0.5)


def test_at_most_a_quarter_is_told(path: PacketPath) -> None:
    ada = SoundPublisher(path, 11)
    viewer, _ = add_viewer(path, ada.producer, kind="audio")
    run(path, ada, 200)
    tell_loss(viewer, 80)
    run(path, ada)
    assert told(ada.peer)[0] == 25


def test_loss_on_the_way_here_adds_up(path: PacketPath) -> None:
    ada = SoundPublisher(path, 11)
    viewer, _ = add_viewer(path, ada.producer, kind="audio")
    run(path, ada, 1_000)
    tell_loss(viewer, 20)
    for i in range(60):
        path.advance(20)
        ada.say(QUIET)
        if i % 4 == 3:
            ada.sequence += 1
    fraction, lost = told(ada.peer)
    assert fraction == pytest.approx(20 + 0.8 * 20, abs=2) and lost > 0


def test_report_that_is_old_counts_no_more(path: PacketPath) -> None:
    ada = SoundPublisher(path, 11)
    viewer, _ = add_viewer(path, ada.producer, kind="audio")
    run(path, ada, 200)
    tell_loss(viewer, 20)
    run(path, ada, 6_200)
    assert told(ada.peer)[0] == 0


def test_paused_viewer_counts_no_more(path: PacketPath) -> None:
    ada = SoundPublisher(path, 11)
    viewer, consumer = add_viewer(path, ada.producer, kind="audio")
    run(path, ada, 200)
    tell_loss(viewer, 20)
    path.worker.pause_consumer(consumer, True)
    run(path, ada)
    assert told(ada.peer)[0] == 0


def test_viewer_counts_for_whom_they_hear_and_not_for_whom_they_wait(path: PacketPath) -> None:
    ada, sam = SoundPublisher(path, 11), SoundPublisher(path, 22)
    floor = path.worker.add_floor(1)
    for one in (ada, sam):
        path.worker.set_floor(one.producer, floor)
    viewer, consumer = add_viewer(path, ada.producer, kind="audio")
    say_all(path, {ada: LOUD, sam: QUIET}, 400)
    path.worker.set_consumer_source(consumer, sam.producer)
    tell_loss(viewer, 20)
    say_all(path, {ada: LOUD, sam: QUIET}, 1_100)
    assert told(ada.peer)[0] == pytest.approx(20, abs=0.5)
    assert told(sam.peer)[0] == 0


def test_pictures_are_told_their_own_loss_only(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    publisher.run(500)
    tell_loss(viewer, 20)
    publisher.run(1_100)
    assert told(publisher.peer)[0] == 0


def test_viewers_on_another_worker_count(path: PacketPath) -> None:
    away = PacketPath()
    ada = SoundPublisher(path, 11)
    viewer, _ = add_viewer(away, away.worker.add_outlet(path.worker, ada.producer), kind="audio")
    for _ in range(10):
        run(path, ada, 20)
        away.advance(20)
    tell_loss(viewer, 20)
    for _ in range(110):
        run(path, ada, 20)
        away.advance(20)
    assert told(ada.peer)[0] == pytest.approx(20, abs=0.5)
