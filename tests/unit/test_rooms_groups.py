"""Who is together, and that the program stays in the main room."""

from __future__ import annotations

from tests.unit.test_media_objects import (
    capabilities,
    free_consumer,
    parameters,
    presenter,
    router,
    sender,
    video,
    viewer,
    worker,
)
from vtp.media.producer import Producer
from vtp.media.transport import WebRtcTransport
from vtp.rooms.groups import MAIN, Groups, Moved
from vtp.rooms.program import Choice, ProducerAdded, ProducerRemoved, Program, ProgramEvent

__all__ = ["capabilities", "router", "sender", "video", "viewer", "worker"]  # fixtures


def heard(groups: Groups) -> list[Moved]:
    events: list[Moved] = []
    groups.add_listener(events.append)
    return events


def test_all_are_together_until_somebody_moves() -> None:
    groups = Groups()
    assert groups.are_together("ada", "ben") and groups.is_in_main("ada")
    groups.move("ada", "one")
    assert not groups.are_together("ada", "ben")
    assert not groups.is_in_main("ada")
    groups.move("ben", "one")
    assert groups.are_together("ada", "ben")
    groups.move("ada", MAIN)
    assert groups.is_in_main("ada") and not groups.are_together("ada", "ben")


def test_those_who_go_together_were_and_are_together() -> None:
    groups = Groups()
    events = heard(groups)
    groups.move_all({"ada": "one", "ben": "one", "cem": "two"})
    (event,) = events
    assert event.old == {"ada": MAIN, "ben": MAIN, "cem": MAIN}
    assert not event.joins("ada", "ben"), "they were together before"
    assert not event.joins("ada", "cem") and not event.joins("ada", "dan")
    groups.move_all({"ada": MAIN, "ben": "two"})
    assert events[1].joins("ada", "dan") and events[1].joins("dan", "ada")
    assert events[1].joins("ben", "cem") and not events[1].joins("ada", "ben")


def test_who_is_there_already_does_not_move() -> None:
    groups = Groups()
    groups.move("ada", "one")
    events = heard(groups)
    groups.move_all({"ada": "one", "ben": MAIN})
    assert events == []
    groups.move_all({"ada": "one", "ben": "one"})
    assert [event.old for event in events] == [{"ben": MAIN}]


def test_who_left_is_in_no_group() -> None:
    groups = Groups()
    groups.move("ada", "one")
    groups.forget("ada")
    assert groups.is_in_main("ada")


async def test_program_shows_nothing_while_its_presenter_is_in_a_group(
    sender: WebRtcTransport,
    video: Producer,
    viewer: WebRtcTransport,
) -> None:
    groups = Groups()
    program = Program(groups)
    program.follow(shown := free_consumer(viewer))
    program.present(one := presenter(sender))
    events: list[ProgramEvent] = []
    program.add_listener(events.append)
    groups.move("somebody else", "one")
    assert shown.producer is video
    groups.move(one.participant_id, "one")
    assert shown.producer is None and not program.is_live and program.presenter is one
    screen = sender.produce("video", parameters("video", "video/VP8", 6, mid="2"))
    groups.move(one.participant_id, "two")
    assert shown.producer is None and events == [ProducerRemoved(video)]
    groups.move(one.participant_id, MAIN)
    assert shown.producer is screen, "the newest that the presenter sends"
    assert events[1:] == [ProducerAdded(screen)]


async def test_who_presents_from_a_group_is_shown_once_they_are_back(
    sender: WebRtcTransport,
    video: Producer,
    viewer: WebRtcTransport,
) -> None:
    groups = Groups()
    program = Program(groups)
    program.follow(shown := free_consumer(viewer))
    one = presenter(sender)
    groups.move(one.participant_id, "one")
    program.present(one)
    assert shown.producer is None and not program.is_live
    groups.move(one.participant_id, MAIN)
    assert shown.producer is video


async def test_who_was_chosen_to_present_is_off_the_air_in_a_group_too(
    sender: WebRtcTransport,
    video: Producer,
    viewer: WebRtcTransport,
) -> None:
    groups = Groups()
    program = Program(groups)
    program.follow(shown := free_consumer(viewer))
    program.choose(Choice("ada", sender.producers.values))
    assert shown.producer is video
    groups.move("ada", "one")
    assert shown.producer is None and program.standing.participant_id == "ada"
    groups.move("ada", MAIN)
    assert shown.producer is video
