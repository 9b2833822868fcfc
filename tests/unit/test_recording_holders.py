"""How often the holder of a media grant is asked about, and what happens while nobody can answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vtp.errors import Forbidden, NotSignedIn, Unavailable
from vtp.http.identity import Principal, anybody, guest_of_open_rooms
from vtp.recording.grants import Scope
from vtp.recording.holders import (
    MAX_KEPT,
    RECHECK_S,
    Holders,
    holder_of,
    knows_people,
    session_of,
    viewer_of,
    visit_of,
)

LINK = "glink~room"


class Catalogue:
    """Recordings that say to everybody what they are told to say."""

    def __init__(self) -> None:
        self.asked: list[tuple[Principal, str]] = []
        self.error: Exception | None = None

    async def may_download(self, principal: Principal, recording_id: str, address: str = "") -> bool:
        self.asked.append((principal, address))
        if self.error is not None:
            raise self.error
        return principal.open_rooms


class Bench:
    def __init__(self) -> None:
        self.catalogue = Catalogue()
        self.now = 0.0
        self.revoked: set[str] = set()
        self.holders = Holders(self.catalogue, self.no_account, self.revoked.__contains__, lambda: self.now)

    async def no_account(self, user_id: str, session_id: str) -> None:
        return None

    async def play(self, holder: str = LINK, address: str = "a", scope: Scope = Scope.PLAY) -> None:
        await self.holders.require(holder, "r", scope, address)


async def test_a_holder_is_asked_about_every_so_often_and_for_each_address() -> None:
    bench = Bench()
    for now in (0.0, RECHECK_S - 1, RECHECK_S, RECHECK_S + 1):
        bench.now = now
        await bench.play()
    assert len(bench.catalogue.asked) == 2
    await bench.play(address="b")
    principal, address = bench.catalogue.asked[-1]
    assert (principal.token_id, principal.room, principal.full_name, address) == ("link", "room", "", "b")


async def test_a_change_of_anybodys_rights_asks_anew_at_once() -> None:
    bench = Bench()
    await bench.play()
    bench.catalogue.error = Forbidden("no")
    await bench.play()
    bench.holders.forget()
    with pytest.raises(Forbidden):
        await bench.play()
    with pytest.raises(Forbidden):
        await bench.play()


async def test_while_the_database_is_away_who_was_let_through_goes_on() -> None:
    bench = Bench()
    await bench.play()
    bench.catalogue.error, bench.now = Unavailable("away", retry_after_s=1), RECHECK_S + 1
    await bench.play()
    with pytest.raises(Unavailable):
        await bench.play("gother~room")


async def test_who_is_no_more_is_let_through_by_no_grant() -> None:
    bench = Bench()
    with pytest.raises(NotSignedIn):
        await bench.play("usomebody")
    bench.revoked.add("link")
    with pytest.raises(NotSignedIn):
        await bench.play()
    assert not bench.catalogue.asked


async def test_leave_to_download_is_asked_for_by_itself() -> None:
    bench = Bench()
    await bench.play()
    with pytest.raises(Forbidden):
        await bench.play(scope=Scope.DOWNLOAD)
    await bench.play(holder_of(guest_of_open_rooms()), scope=Scope.DOWNLOAD)


async def test_what_is_remembered_is_bounded() -> None:
    bench = Bench()
    for number in range(MAX_KEPT + 1):
        await bench.play(address=str(number))
    asked = len(bench.catalogue.asked)
    await bench.play(address="1")
    assert len(bench.catalogue.asked) == asked
    await bench.play(address="0")
    assert len(bench.catalogue.asked) == asked + 1


async def test_visits_of_what_many_share_are_told_apart_and_have_the_same_rights() -> None:
    bench = Bench()
    first, second = (visit_of(anybody()) for _ in range(2))
    assert session_of(first) != session_of(second)
    assert "." not in first and viewer_of(first) == viewer_of(holder_of(anybody()))
    await bench.play(first)
    assert bench.holders.known_until(second, "r", Scope.PLAY, "a") is not None
    await bench.play(second)
    assert len(bench.catalogue.asked) == 1
    await bench.play(f"{LINK}!one")
    bench.revoked.add("link")
    bench.holders.forget()
    with pytest.raises(NotSignedIn):
        await bench.play(f"{LINK}!two")


def test_what_is_one_participants_alone_is_opened_by_no_address_that_holds_its_grant() -> None:
    assert knows_people("uada~session") and knows_people("uada~session!ab12")
    assert not knows_people("uada~!tab12")
    assert not knows_people("uada~!lab12"), "a download link that a former version made"


def test_an_account_is_one_viewer_unless_its_visits_have_names() -> None:
    ada = replace(anybody(), user_id="ada", session_id="s")
    assert visit_of(ada) == visit_of(ada) == holder_of(ada)
    assert session_of(visit_of(ada, "one")) != session_of(visit_of(ada, "two"))
