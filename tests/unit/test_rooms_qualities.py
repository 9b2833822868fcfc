"""What is made of the figures of all of somebody's connections, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.live_room import open_room, person
from vtp.media.layers import HIGHEST, NOTHING, Layers
from vtp.rooms.link_figures import LinkFigures, SourceFigures
from vtp.rooms.link_quality import GOOD, Figures, Quality, Reason, Verdict
from vtp.rooms.qualities import Qualities, QualityChanged, figures_of
from vtp.signalling.parts.rounds import Rounds

WITHHELD = Layers(NOTHING, 0)
FLOWS = {"t": 10}
"""What the transport had sent at the last look."""


def link(
    *granted: Layers, sources: tuple[SourceFigures, ...] = (), hidden: bool = False, **figures: Any
) -> LinkFigures:
    """A transport that is up and has sent 20 packets, with consumers that are granted these layers."""
    consumers = {
        str(at): SimpleNamespace(granted_layers=one, paused=hidden, producer=object())
        for at, one in enumerate(granted)
    }
    known = {
        "selected_address": ("192.0.2.1", 4000),
        "ice_state": "completed",
        "bytes_sent": 1000,
        "packets_sent": 20,
        "fraction_lost": 0.0,
        "rtt_ms": 0.0,
        "waiting_ms": 0.0,
        "limited": False,
        "paced": False,
    }
    transport: Any = SimpleNamespace(id="t", consumers=consumers)
    return LinkFigures(transport, {**known, **figures}, sources)


def source(*streams: tuple[float, bool]) -> SourceFigures:
    producer: Any = None
    return SourceFigures(
        producer, {"streams": [{"fraction_lost": lost, "active": active} for lost, active in streams]}
    )


def test_pictures_that_are_hidden_are_not_withheld() -> None:
    assert link(WITHHELD, HIGHEST).withheld == 1
    assert link(WITHHELD, WITHHELD, hidden=True).withheld == 0


@pytest.mark.parametrize(
    ("links", "figures"),
    [
        ([], Figures()),
        ([link()], Figures()),
        ([link(HIGHEST, fraction_lost=0.1)], Figures(loss_receiving=0.1)),
        ([link(fraction_lost=0.1)], Figures()),  # nothing is sent by it
        ([link(HIGHEST, rtt_ms=200.0, waiting_ms=90.0)], Figures(delay_ms=290.0, rtt_ms=200.0)),
        ([link(HIGHEST, limited=True)], Figures(is_limited=True)),
        ([link(HIGHEST, paced=True)], Figures(is_limited=True)),
        ([link(HIGHEST, WITHHELD, limited=True)], Figures(is_limited=True, withheld=1)),
        ([link(ice_state="disconnected")], Figures(is_silent=True)),
        ([link(ice_state="disconnected", selected_address=None)], Figures()),  # was never there
        ([link(sources=(source((0.1, True), (0.2, True)),))], Figures(loss_sending=0.2)),
        ([link(sources=(source((0.2, False)),))], Figures()),  # a layer that rests
        ([link(HIGHEST, fraction_lost=0.1), link(HIGHEST)], Figures(loss_receiving=0.1)),
    ],
)
def test_the_worst_of_all_connections_counts(links: list[LinkFigures], figures: Figures) -> None:
    assert figures_of(links, FLOWS) == figures


def test_losses_of_what_was_sent_before_count_no_more() -> None:
    stale = link(HIGHEST, fraction_lost=0.1, rtt_ms=900.0, limited=True)
    assert figures_of([stale], {"t": 20}) == Figures()


def test_what_a_new_connection_carries_and_how_fast_is_not_judged_yet_but_its_losses_are() -> None:
    young = link(HIGHEST, WITHHELD, limited=True, rtt_ms=900.0, fraction_lost=0.1)
    assert figures_of([young], FLOWS, new={"t"}) == Figures(loss_receiving=0.1, rtt_ms=900.0)
    assert figures_of([young], FLOWS, new={"other"}).withheld == 1


async def test_a_connection_counts_as_new_for_two_looks_and_again_when_it_is_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_room() as live:
        ada = person()
        live.people.hold(ada)
        qualities, read = live.part(Qualities), list[Figures]()
        qualities.add_reading_listener(lambda one: read.append(one.figures))
        for name in ("first", "first", "first", "first", "second", "second", "second"):
            seen = link(WITHHELD)
            seen.transport.id = name
            links = [(ada, (seen,))]
            monkeypatch.setattr("vtp.rooms.qualities.read_links", lambda live, links=links: links)
            qualities.look()
        assert [one.withheld for one in read] == [0, 0, 1, 1, 0, 0, 1]


async def test_changes_are_told_and_forgotten_with_who_leaves() -> None:
    async with open_room() as live:
        ada = person()
        live.people.hold(ada)
        qualities = live.part(Qualities)
        told: list[QualityChanged] = []
        qualities.add_listener(told.append)
        for _ in range(3):
            qualities.take(ada.participant_id, Figures(loss_sending=0.05))
        bad = Verdict(Quality.FAIR, Reason.LOSS_SENDING)
        assert told == [QualityChanged(ada.participant_id, bad)]
        assert qualities.bad == qualities.spoken_of == {ada.participant_id: bad}
        for _ in range(4):
            qualities.take(ada.participant_id, Figures())
        assert (qualities.bad, qualities.spoken_of) == ({}, {ada.participant_id: GOOD})
        qualities.take(ada.participant_id, Figures(is_silent=True))
        qualities.take(ada.participant_id, Figures(is_silent=True))
        live.people.let_go(ada)
        assert qualities.spoken_of == {}
        assert qualities.of(ada.participant_id) == GOOD


async def test_a_room_whose_connections_are_still_to_come_up_is_good() -> None:
    async with open_room() as live:
        ada = person()
        live.people.hold(ada)
        live.router.create_transport({"participant": ada}, publishes=True, enable_sctp=False)
        qualities = live.part(Qualities)
        for _ in range(3):
            qualities.look()
        assert qualities.bad == {}


class Turns:
    """A clock that the test turns on."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], object]]] = []

    def time(self) -> float:
        return 0.0

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Turns:
        self.due.append((delay, callback))
        return self

    def cancel(self) -> None:
        self.due.clear()

    def turn(self) -> None:
        self.due.pop()[1]()


def test_rounds_go_on_until_they_are_stopped() -> None:
    looks: list[int] = []
    clock = Turns()
    rounds = Rounds(lambda: looks.append(1), 3.0, clock)
    assert looks == []
    clock.turn()
    clock.turn()
    assert len(looks) == 2
    assert [delay for delay, _ in clock.due] == [3.0]
    rounds.stop()
    assert clock.due == []


async def test_what_was_seen_is_forgotten_when_nobody_looks_any_more() -> None:
    async with open_room() as live:
        ada, qualities = person(), live.part(Qualities)
        told: list[QualityChanged] = []
        qualities.add_listener(told.append)
        for _ in range(5):
            qualities.take(ada.participant_id, Figures(is_silent=True))
        assert ada.participant_id in qualities.bad
        qualities.forget()
        assert not qualities.bad and not qualities.spoken_of
        assert told[-1] == QualityChanged(ada.participant_id, GOOD)
