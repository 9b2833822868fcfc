"""Who speaks, over signalling: everybody is told of those whom they hear, and of changes only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from vtp.rooms.speakers import MoverHears, Speaker, SpeakerChanged, Speakers, SpeakersEvent, VolumesChanged
from vtp.signalling.audience import Audience
from vtp.signalling.parts.speakers_messages import ActiveSpeakerShape, AudioLevelsShape
from vtp.signalling.seats import Answer, Event, Stay


class SpeakerCalls:
    """A feature; see `features`. It takes no calls."""

    pushes: ClassVar[Mapping[str, type]] = {
        "active-speaker": ActiveSpeakerShape,
        "audio-levels": AudioLevelsShape,
    }
    states: ClassVar[Mapping[str, Any]] = {"speaker": ActiveSpeakerShape}

    def table(self) -> dict[str, Event]:
        """None."""
        return {}

    def state(self, stay: Stay) -> Answer:
        """Who is dominant where they are."""
        return {"speaker": _describe(stay.peer.live.part(Speakers).speaker_near(stay.peer.id))}

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Tells each group of its own, and who moves of the group that they come to."""
        live = audience.live
        speakers = live.part(Speakers)

        def changed(event: SpeakersEvent) -> None:
            if isinstance(event, MoverHears):
                audience.tell_participant(event.participant_id, "active-speaker", _describe(event.speaker))
                return
            name, told = _push(speakers, event)
            audience.tell(
                name, told, among=lambda one: live.groups.group_of(one.participant_id) == event.group
            )

        return speakers.add_listener(changed)


def _push(
    speakers: Speakers, event: SpeakerChanged | VolumesChanged
) -> tuple[str, ActiveSpeakerShape | AudioLevelsShape]:
    if isinstance(event, SpeakerChanged):
        return "active-speaker", _describe(event.speaker)
    return "audio-levels", {
        "volumes": [
            {"producerId": one.producer_id, "peerId": speakers.owner(one.producer_id), "volume": one.dbov}
            for one in event.volumes
        ]
    }


def _describe(speaker: Speaker | None) -> ActiveSpeakerShape:
    if speaker is None:
        return {"peerId": None, "producerId": None}
    return {"peerId": speaker.participant_id, "producerId": speaker.producer_id}
