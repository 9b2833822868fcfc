"""How loud each publisher is, as the packet path books it for who looks a few times a second."""

import pytest

from tests.packet_path import PacketPath
from tests.speakers import LOUD, QUIET, SoundPublisher, say_all

NONE = 255


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def levels(path: PacketPath, since: int = 0) -> dict[int, list[int]]:
    return {producer: list(said) for producer, said in path.worker.audio_levels(since)[1]}


def test_each_slot_says_the_level_of_its_packet(path: PacketPath) -> None:
    ada, sam = SoundPublisher(path, 11), SoundPublisher(path, 22)
    since, _ = path.worker.audio_levels(0)
    for level in (40, 41, 42):
        path.advance(20)
        ada.say(level)
        sam.say(level + 10)
    path.advance(20)
    said = levels(path, since + 1)
    assert said == {ada.producer: [40, 41, 42], sam.producer: [50, 51, 52]}


def test_slots_without_a_packet_say_so(path: PacketPath) -> None:
    ada = SoundPublisher(path, 11)
    ada.say(30)
    path.advance(60)
    ada.say(31)
    path.advance(20)
    assert levels(path)[ada.producer][-4:] == [30, NONE, NONE, 31]


def test_slots_after_the_last_packet_are_not_those_of_a_second_ago(path: PacketPath) -> None:
    ada = SoundPublisher(path, 11)
    say_all(path, {ada: LOUD}, 2_000)
    path.advance(80)
    assert levels(path)[ada.producer][-4:] == [LOUD, NONE, NONE, NONE]


def test_packet_that_does_not_say_its_level_is_none(path: PacketPath) -> None:
    ada = SoundPublisher(path, 11)
    ada.say(None)
    path.advance(20)
    assert levels(path) == {}


def test_the_loudest_of_one_slot_counts(path: PacketPath) -> None:
    ada = SoundPublisher(path, 11)
    ada.say(60)
    ada.say(30)
    ada.say(50)
    path.advance(20)
    assert levels(path)[ada.producer][-1] == 30


def test_who_sends_nothing_is_not_looked_at(path: PacketPath) -> None:
    ada = SoundPublisher(path, 11)
    ada.say(30)
    path.advance(20)
    newest, found = path.worker.audio_levels(0)
    assert [producer for producer, _ in found] == [ada.producer]
    path.advance(200)
    assert path.worker.audio_levels(newest)[1] == []


def test_a_look_after_a_long_time_gives_the_last_second(path: PacketPath) -> None:
    ada = SoundPublisher(path, 11)
    say_all(path, {ada: QUIET}, 2_000)
    say_all(path, {ada: LOUD}, 1_280)
    path.advance(20)
    assert levels(path)[ada.producer] == [LOUD] * 64


def test_publisher_without_the_extension_has_no_level(path: PacketPath) -> None:
    obs = SoundPublisher(path, 11, says_level=False)
    obs.say(30)
    path.advance(20)
    assert levels(path) == {}


def test_stats_tell_the_newest_level_and_then_silence(path: PacketPath) -> None:
    ada = SoundPublisher(path, 11)
    ada.say(30)
    assert path.worker.producer_stats(ada.producer)["streams"][0]["audio_level"] == 30
    path.advance(300)
    assert path.worker.producer_stats(ada.producer)["streams"][0]["audio_level"] == 127


def test_levels_of_an_outlet_are_told_by_the_publishers_worker_alone(path: PacketPath) -> None:
    away = PacketPath()
    ada = SoundPublisher(path, 11)
    away.worker.add_outlet(path.worker, ada.producer)
    ada.say(30)
    away.advance(20)
    path.advance(20)
    assert len(levels(path)) == 1 and levels(away) == {}
