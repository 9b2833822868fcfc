"""Only the loudest of those who are together are forwarded, from their first syllable and without a hole."""

from itertools import pairwise

import pytest

from tests.packet_path import PacketPath, Peer, add_viewer
from tests.speakers import LOUD, QUIET, SoundPublisher, say_all


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


class Floor:
    """Some publishers with a floor of so many places, and one viewer of each."""

    def __init__(self, path: PacketPath, places: int, publishers: int = 3) -> None:
        self.path = path
        self.id = path.worker.add_floor(places)
        self.people = [SoundPublisher(path, 100 * (i + 1)) for i in range(publishers)]
        self.viewers = [add_viewer(path, one.producer, kind="audio")[0] for one in self.people]
        for one in self.people:
            path.worker.set_floor(one.producer, self.id)

    @property
    def heard(self) -> list[int]:
        """Who gets to viewers now, by number."""
        stats = [self.path.worker.producer_stats(one.producer) for one in self.people]
        return [i for i, one in enumerate(stats) if not one["resting"]]


def payloads(viewer: Peer) -> list[bytes]:
    return [packet.payload for packet in viewer.rtp]


def assert_no_hole(viewer: Peer) -> None:
    numbers = [packet.sequence for packet in viewer.rtp]
    assert numbers == [(numbers[0] + i) & 0xFFFF for i in range(len(numbers))]


def test_all_are_heard_while_there_are_places(path: PacketPath) -> None:
    floor = Floor(path, 3)
    say_all(path, dict.fromkeys(floor.people, QUIET), 200)
    assert floor.heard == [0, 1, 2]
    assert [len(viewer.rtp) for viewer in floor.viewers] == [10, 10, 10]


def test_who_rests_sends_viewers_nothing(path: PacketPath) -> None:
    ada, sam, kim = (floor := Floor(path, 2)).people
    say_all(path, {ada: LOUD, sam: LOUD, kim: QUIET}, 1_000)
    assert floor.heard == [0, 1]
    assert floor.viewers[2].rtp == []


def test_who_begins_to_speak_is_heard_with_that_packet_and_what_was_before_it(path: PacketPath) -> None:
    ada, sam, kim = (floor := Floor(path, 2)).people
    say_all(path, {ada: LOUD, sam: QUIET, kim: QUIET}, 1_000)
    path.advance(20)
    sam.say(QUIET)
    first = kim.say(LOUD)
    assert floor.heard == [0, 2]
    got = payloads(floor.viewers[2])
    assert got[-1] == first and len(got) == 3, "two packets of what was before the loud one"


def test_who_comes_back_has_no_hole_and_repeats_nothing(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    say_all(path, {ada: LOUD, sam: QUIET}, 400)
    for _ in range(3):
        say_all(path, {ada: QUIET, sam: LOUD}, 2_000)
        assert floor.heard == [1]
        say_all(path, {ada: LOUD, sam: QUIET}, 2_000)
        assert floor.heard == [0]
    for viewer in floor.viewers:
        assert_no_hole(viewer)
        assert len(set(payloads(viewer))) == len(viewer.rtp)


def test_who_comes_back_at_once_has_no_hole_and_repeats_nothing(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    say_all(path, {ada: 55, sam: QUIET}, 400)
    say_all(path, {ada: 55, sam: 40}, 60)
    assert floor.heard == [1]
    say_all(path, {ada: 20, sam: 40}, 60)
    assert floor.heard == [0]
    assert_no_hole(floor.viewers[0])
    assert len(set(payloads(floor.viewers[0]))) == len(floor.viewers[0].rtp)


def test_no_more_than_160_ms_of_what_was_before_are_heard(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    say_all(path, {ada: LOUD, sam: QUIET}, 400)
    while floor.heard == [0]:
        say_all(path, {ada: QUIET, sam: 45}, 20)
    assert len(floor.viewers[1].rtp) == 9


def test_packet_lost_before_the_first_syllable_leaves_no_hole(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    say_all(path, {ada: QUIET, sam: LOUD}, 400)
    say_all(path, {ada: LOUD, sam: QUIET}, 2_000)
    sam.sequence += 1
    say_all(path, {ada: QUIET, sam: 20}, 20)
    say_all(path, {ada: QUIET}, 980)
    say_all(path, {ada: QUIET, sam: 20}, 20)
    assert floor.heard == [1]
    assert_no_hole(floor.viewers[1])


def test_what_came_before_a_new_ssrc_is_no_part_of_the_syllable(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    say_all(path, {ada: LOUD, sam: QUIET}, 400)
    say_all(path, {ada: QUIET}, 1_000)
    sam.ssrc, sam.timestamp = 777, 1
    said = [sam.say(LOUD) for _ in range(2)]
    assert floor.heard == [1]
    assert payloads(floor.viewers[1]) == said


def test_who_was_silent_for_a_minute_is_heard_with_the_second_packet(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    say_all(path, {ada: LOUD, sam: QUIET}, 400)
    path.advance(60_000)
    say_all(path, {ada: QUIET}, 200)
    say_all(path, {ada: QUIET, sam: LOUD}, 40)
    assert floor.heard == [1]


def test_newcomer_hears_nothing_of_what_was_before_they_came(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    away = PacketPath()
    outlet = away.worker.add_outlet(path.worker, sam.producer)
    say_all(path, {ada: LOUD, sam: QUIET}, 400)
    say_all(path, {ada: 100, sam: LOUD}, 1_000)
    away.advance(20)
    assert floor.heard == [1]
    viewers = [
        add_viewer(path, sam.producer, kind="audio")[0],
        add_viewer(away, outlet, kind="audio")[0],
    ]
    path.advance(20)
    first = sam.say(LOUD)
    away.advance(20)
    assert [payloads(viewer) for viewer in viewers] == [[first], [first]]


def test_viewer_of_a_program_that_goes_over_to_who_rests_hears_their_first_syllable(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    viewer, consumer = add_viewer(path, ada.producer, kind="audio")
    say_all(path, {ada: LOUD, sam: QUIET}, 400)
    path.worker.set_consumer_source(consumer, sam.producer)
    say_all(path, {ada: 100, sam: LOUD}, 1_000)
    sams = payloads(floor.viewers[1])
    assert payloads(viewer)[-len(sams) :] == sams
    assert_no_hole(viewer)


def test_timestamps_tell_how_long_somebody_rested(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    say_all(path, {ada: LOUD, sam: QUIET}, 400)
    say_all(path, {ada: QUIET, sam: LOUD}, 2_000)
    say_all(path, {ada: LOUD, sam: QUIET}, 2_000)
    times = [packet.timestamp for packet in floor.viewers[0].rtp]
    spans = sorted((b - a) & 0xFFFFFFFF for a, b in pairwise(times))
    assert spans[-1] > 48_000 and spans[-2] == 960


def test_a_click_takes_nobodys_place(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    say_all(path, {ada: LOUD, sam: QUIET}, 400)
    path.advance(20)
    ada.say(LOUD)
    sam.say(10)
    say_all(path, {ada: LOUD, sam: QUIET}, 100)
    assert floor.heard == [0] and floor.viewers[1].rtp == []


def test_pause_within_a_sentence_keeps_the_place_against_noise(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    say_all(path, {ada: LOUD, sam: QUIET}, 400)
    say_all(path, {ada: 90, sam: 58}, 500)
    assert floor.heard == [0]
    say_all(path, {ada: 90, sam: 58}, 1_500)
    assert floor.heard == [1], "but it is not kept for ever"


def test_who_speaks_no_louder_waits(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    say_all(path, {ada: LOUD, sam: QUIET}, 400)
    say_all(path, {ada: LOUD, sam: LOUD - 4}, 2_000)
    assert floor.heard == [0]


def test_noise_takes_no_place_from_silence(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    say_all(path, {ada: LOUD, sam: 110}, 400)
    say_all(path, {ada: 120, sam: 65}, 4_000)
    assert floor.heard == [0]


def test_place_of_a_paused_or_closed_one_is_free(path: PacketPath) -> None:
    ada, sam, kim = (floor := Floor(path, 1)).people
    say_all(path, {ada: LOUD, sam: QUIET, kim: 126}, 200)
    path.worker.pause_producer(ada.producer, True)
    say_all(path, {sam: QUIET}, 40)
    assert floor.heard == [1]
    path.worker.remove_producer(sam.producer)
    floor.people.remove(sam)
    say_all(path, {kim: 126}, 40)
    assert floor.heard == [1] and floor.people[1] is kim
    path.worker.pause_producer(ada.producer, False)
    say_all(path, {ada: LOUD, kim: 126}, 100)
    assert floor.heard == [0]
    assert_no_hole(floor.viewers[0])


def test_pause_of_who_rests_frees_no_place(path: PacketPath) -> None:
    ada, sam, kim = (floor := Floor(path, 1)).people
    say_all(path, {ada: LOUD, sam: QUIET, kim: QUIET}, 200)
    path.worker.pause_producer(sam.producer, True)
    path.worker.pause_producer(sam.producer, False)
    say_all(path, {ada: LOUD, sam: QUIET, kim: QUIET}, 200)
    assert floor.heard == [0]


def test_who_is_put_on_the_same_floor_again_keeps_the_place(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    say_all(path, {ada: LOUD, sam: QUIET}, 200)
    path.worker.set_floor(ada.producer, floor.id)
    sam.say(QUIET)
    assert floor.heard == [0]


def test_publisher_without_levels_is_always_heard_and_takes_no_place(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    obs = SoundPublisher(path, 900, says_level=False)
    path.worker.set_floor(obs.producer, floor.id)
    viewer, _ = add_viewer(path, obs.producer, kind="audio")
    say_all(path, {obs: 0, ada: LOUD, sam: QUIET}, 200)
    assert len(viewer.rtp) == 10 and floor.heard == [0]
    say_all(path, {obs: 0, ada: QUIET, sam: LOUD}, 2_000)
    assert len(viewer.rtp) == 110 and floor.heard == [1]


def test_newcomer_who_looks_at_somebody_that_rests_waits_for_their_turn(path: PacketPath) -> None:
    ada, sam = (floor := Floor(path, 1, 2)).people
    say_all(path, {ada: LOUD, sam: QUIET}, 400)
    viewer, _ = add_viewer(path, sam.producer, kind="audio")
    say_all(path, {ada: LOUD, sam: QUIET}, 200)
    assert viewer.rtp == []
    say_all(path, {ada: 100, sam: LOUD}, 1_000)
    assert payloads(viewer) == payloads(floor.viewers[1])


def test_floors_know_nothing_of_each_other(path: PacketPath) -> None:
    one, other = Floor(path, 1, 2), Floor(path, 1, 2)
    levels = dict.fromkeys(one.people, LOUD) | dict.fromkeys(other.people, QUIET)
    say_all(path, levels, 400)
    assert one.heard == [0] and other.heard == [0]
    path.worker.set_floor(one.people[0].producer, other.id)
    say_all(path, levels, 400)
    assert one.heard == [0, 1] and other.heard == []


def test_end_of_a_floor_lets_all_be_heard(path: PacketPath) -> None:
    floor = Floor(path, 1, 2)
    say_all(path, dict.fromkeys(floor.people, QUIET), 100)
    path.worker.remove_floor(floor.id)
    say_all(path, dict.fromkeys(floor.people, QUIET), 100)
    assert floor.heard == [0, 1]
    assert len(floor.viewers[1].rtp) == 5
    with pytest.raises(ValueError, match="There is no floor"):
        path.worker.set_floor(floor.people[0].producer, floor.id)


def test_viewers_on_another_worker_hear_the_same(path: PacketPath) -> None:
    away = PacketPath()
    ada, sam = (floor := Floor(path, 1, 2)).people
    viewer, _ = add_viewer(away, away.worker.add_outlet(path.worker, sam.producer), kind="audio")

    def say(levels: dict[SoundPublisher, int], ms: int) -> None:
        for _ in range(ms // 20):
            say_all(path, levels, 20)
            away.advance(20)

    say({ada: LOUD, sam: QUIET}, 400)
    assert viewer.rtp == []
    for _ in range(2):
        say({ada: QUIET, sam: LOUD}, 2_000)
        say({ada: LOUD, sam: QUIET}, 2_000)
    assert payloads(viewer) == payloads(floor.viewers[1])
    assert_no_hole(viewer)
