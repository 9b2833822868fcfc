"""How good everybody's connection is, told to those who are together with them when it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from vtp.rooms.groups import Moved
from vtp.rooms.link_quality import Verdict
from vtp.rooms.qualities import Qualities, QualityChanged
from vtp.signalling.audience import Audience
from vtp.signalling.parts.quality_messages import ConnectionQuality, QualityWord, ReasonWord
from vtp.signalling.parts.rounds import Rounds
from vtp.signalling.seats import Answer, Event, Stay

LOOK_S = 3.0


class QualityCalls:
    """A feature without calls. An audience is there while somebody is in the room by signalling: as long as
    that its room is looked at, and no other.
    """

    pushes: ClassVar[Mapping[str, type]] = {"connection-quality": ConnectionQuality}
    states: ClassVar[Mapping[str, Any]] = {"connections": list[ConnectionQuality]}

    def table(self) -> dict[str, Event]:
        """Nothing: the server looks by itself."""
        return {}

    def state(self, stay: Stay) -> Answer:
        """Those with whom this one is and whose connection is not good."""
        live, me = stay.peer.live, stay.peer.id
        bad = live.part(Qualities).bad.items()
        return {"connections": [_describe(id_, one) for id_, one in bad if live.groups.are_together(id_, me)]}

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Looks every few seconds and tells of changes."""
        live = audience.live
        qualities = live.part(Qualities)

        def changed(event: QualityChanged) -> None:
            told = _describe(event.participant_id, event.verdict)
            audience.tell_near("connection-quality", told, event.participant_id, back=True)

        def moved(event: Moved) -> None:
            """Who comes together heard nothing of each other meanwhile."""
            for other, verdict in qualities.spoken_of.items():
                told = _describe(other, verdict)
                for one in live.people.participants:
                    if event.joins(other, one.participant_id):
                        audience.tell_participant(one.participant_id, "connection-quality", told)

        rounds = Rounds(qualities.look, LOOK_S, asyncio.get_running_loop())
        stops = (
            rounds.stop,
            qualities.forget,
            qualities.add_listener(changed),
            live.groups.add_listener(moved),
        )

        def stop() -> None:
            for one in stops:
                one()

        return stop


def _describe(participant_id: str, verdict: Verdict) -> ConnectionQuality:
    reason: ReasonWord | None = verdict.reason.value if verdict.reason is not None else None
    return {"peerId": participant_id, "quality": cast(QualityWord, verdict.quality.word), "reason": reason}
