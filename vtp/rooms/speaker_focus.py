"""Puts the pictures of who speaks before others, for viewers whose link does not carry all of them."""

from __future__ import annotations

from vtp.rooms.live import LiveRoom
from vtp.rooms.people import MediaPublished, PeopleEvent
from vtp.rooms.speakers import SpeakerChanged, Speakers, SpeakersEvent, owner_of

SPEAKS = "speaker"


class SpeakerFocus:
    """A part of a LiveRoom (`live.part(SpeakerFocus)`)."""

    def __init__(self, live: LiveRoom) -> None:
        self._live = live
        self._speakers: dict[str, str] = {}  # participants by group
        live.part(Speakers).add_listener(self._speakers_changed)
        live.people.add_listener(self._people_changed)

    def _speakers_changed(self, event: SpeakersEvent) -> None:
        if not isinstance(event, SpeakerChanged):
            return
        if event.speaker is not None:
            self._speakers[event.group] = event.speaker.participant_id
        else:
            self._speakers.pop(event.group, None)
        speaking = set(self._speakers.values())
        for producer in self._live.router.producers.values():
            if owner_of(producer) in speaking:
                producer.focused_by.add(SPEAKS)
            else:
                producer.focused_by.discard(SPEAKS)

    def _people_changed(self, event: PeopleEvent) -> None:
        if isinstance(event, MediaPublished) and owner_of(event.producer) in self._speakers.values():
            event.producer.focused_by.add(SPEAKS)
