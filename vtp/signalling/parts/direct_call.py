"""Calls between two: who sends directly is told, and between these two offers and candidates are relayed.

Without `to` the server is the peer. What is relayed is bounded and never read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from vtp.errors import Conflict, RateLimited
from vtp.limits import WindowLimiter
from vtp.rooms.direct_call import DirectCall, DirectCallEvent, Hindrance, Pair, WentDirect
from vtp.signalling.audience import Audience
from vtp.signalling.parts import direct_call_messages as m
from vtp.signalling.seats import Answer, Event, Seat, Stay
from vtp.signalling.server_peer import answer_offer
from vtp.signalling.shapes import Shape

MAX_DESCRIPTIONS = 60
DESCRIPTION_WINDOW_S = 10.0
"""A call takes two; a share, a mute and a restart of ICE two each. More would only fill the other's line."""


class DirectCalls:
    """A feature; see `features`."""

    pushes: ClassVar[Mapping[str, Shape]] = {
        "mode-changed": m.CallMode,
        "webrtc-offer": m.RelayedDescription,
        "webrtc-answer": m.RelayedDescription,
        "ice-candidate": m.RelayedCandidate,
    }

    states: ClassVar[Mapping[str, Any]] = {"call": m.CallMode}

    def __init__(self) -> None:
        self._descriptions = WindowLimiter(MAX_DESCRIPTIONS, DESCRIPTION_WINDOW_S)

    def table(self) -> dict[str, Event]:
        """The calls about calls."""
        return {
            "ready-for-p2p": Event(m.ReadyForP2p, "", self._be_ready, m.CallMode),
            "webrtc-offer": Event(m.SendDescription, "", self._offer, m.OfferAnswer),
            "webrtc-answer": Event(m.SendDescription, "", self._answer, None),
            "ice-candidate": Event(m.SendCandidate, "", self._add_candidate, None),
        }

    def state(self, stay: Stay) -> Answer:
        """How the caller reaches the other now."""
        return {"call": _mode_for(_call_in(stay).pair, stay.peer.id, None)}

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Tells both when they are to send another way."""

        def switched(event: DirectCallEvent) -> None:
            direct = isinstance(event, WentDirect)
            reason = None if isinstance(event, WentDirect) else event.hindrance
            for one in (event.pair.offerer, event.pair.answerer):
                told = _mode_for(event.pair if direct else None, one, reason)
                audience.tell_participant(one, "mode-changed", told)

        return audience.live.part(DirectCall).add_listener(switched)

    async def _be_ready(self, seat: Seat, request: m.ReadyForP2p) -> Answer:
        stay = seat.staying
        call = _call_in(stay)
        call.set_ready(stay.peer.id, request.ready)
        return _mode_for(call.pair, stay.peer.id, None)

    async def _offer(self, seat: Seat, request: m.SendDescription) -> Answer:
        stay = seat.staying
        self._count_description(stay)
        if request.to is not None:
            return _relay(stay, "webrtc-offer", request.to, {"sdp": request.sdp}, len(request.sdp))
        answered = answer_offer(stay.peer, request.sdp)
        if seat.answers_by_event:
            told: m.RelayedDescription = {
                "from": None,
                "sdp": answered.sdp,
                "transportId": answered.transport.id,
            }
            stay.audience.tell_participant(stay.peer.id, "webrtc-answer", told, bulk=len(answered.sdp))
        answer: m.OfferAnswer = {
            "sdp": answered.sdp,
            "transportId": answered.transport.id,
            "producers": [{"producerId": one.id, "kind": one.kind} for one in answered.producers],
        }
        return answer

    async def _answer(self, seat: Seat, request: m.SendDescription) -> Answer:
        stay = seat.staying
        if request.to is None:
            raise Conflict("The server has made you no offer: it only answers yours.", code="no_offer")
        self._count_description(stay)
        return _relay(stay, "webrtc-answer", request.to, {"sdp": request.sdp}, len(request.sdp))

    async def _add_candidate(self, seat: Seat, request: m.SendCandidate) -> Answer:
        """The server needs none: it is ICE-lite and answers the checks that come."""
        stay = seat.staying
        if request.to is None:
            return {}
        given = request.candidate
        candidate = given.model_dump(exclude_none=True) if isinstance(given, m.CandidateInit) else given
        return _relay(stay, "ice-candidate", request.to, {"candidate": candidate}, m.MAX_CANDIDATE_CHARACTERS)

    def _count_description(self, stay: Stay) -> None:
        wait_s = self._descriptions.take(stay.peer.id, time.monotonic())
        if wait_s > 0:
            raise RateLimited("Too many offers and answers at once; wait a moment.", retry_after_s=wait_s)


def _call_in(stay: Stay) -> DirectCall:
    return stay.peer.live.part(DirectCall)


def _relay(stay: Stay, event: str, to: str, data: Mapping[str, object], size: int) -> Answer:
    """Hands something to the other of a direct call. Raises NotFound, Conflict."""
    here = stay.peer
    here.live.people.find(to)
    if _call_in(stay).other(here.id) != to:
        raise Conflict("You have no direct call with them now: send through the server.", code="not_in_p2p")
    stay.audience.tell_participant(to, event, {"from": here.id, **data}, bulk=size)
    return {}


def _mode_for(pair: Pair | None, participant_id: str, reason: Hindrance | None) -> m.CallMode:
    other = pair.other(participant_id) if pair is not None else None
    return {
        "mode": "sfu" if other is None else "p2p",
        "peerId": other,
        "offers": pair is not None and pair.offerer == participant_id,
        "reason": reason,
    }
