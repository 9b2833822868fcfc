"""The client towards a full ICE peer (RFC 8445): roles, nomination, candidates learned late, conflicts."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from tests.client_pair import free_addresses
from tests.ice_peer import OURS, PEER, Address, FullPeer
from vtp._rtp_fast import parse_stun
from vtp.bench import _client
from vtp.bench.client_dtls import Role
from vtp.bench.driver import ClientDriver, Remote

HIGHEST = 2**64 - 1  # of all tie-breakers


@pytest.fixture
def peer() -> Iterator[FullPeer]:
    made = FullPeer(2)
    yield made
    made.close()


def remote(candidates: list[Address], *, controlling: bool) -> Remote:
    return Remote(candidates, PEER, [], Role.CLIENT, controlling=controlling)


def add(
    driver: ClientDriver, candidates: list[Address], *, controlling: bool, bind: Address | None = None
) -> tuple[int, asyncio.Event]:
    """A client, and what is set once it calls itself connected."""
    connected = asyncio.Event()
    client = driver.add_client(
        remote(candidates, controlling=controlling),
        OURS,
        bind=bind,
        on_event=lambda kind, _: connected.set() if kind == _client.EVENT_CONNECTED else None,
    )
    return client, connected


async def happens(event: asyncio.Event, within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        await event.wait()


async def test_who_offered_controls_and_nominates_with_each_check(peer: FullPeer) -> None:
    async with ClientDriver() as driver:
        add(driver, peer.candidates[:1], controlling=True)
        check = parse_stun((await peer.receive())[0])
    assert check["use_candidate"] and check["controlling"] and not check["controlled"]


async def test_who_answered_is_controlled_and_nominates_nothing(peer: FullPeer) -> None:
    async with ClientDriver() as driver:
        add(driver, peer.candidates[:1], controlling=False)
        check = parse_stun((await peer.receive())[0])
    assert check["controlled"] and not check["controlling"] and not check["use_candidate"]


async def test_a_controlled_client_moves_to_the_candidate_that_is_nominated(peer: FullPeer) -> None:
    async with ClientDriver() as driver:
        client, connected = add(driver, peer.candidates, controlling=False)
        check, ours = await peer.receive(0)
        peer.answer(check, ours, 0)
        await happens(connected)
        check, _ = await peer.receive_check(1)
        peer.answer(check, ours, 1)
        peer.check(ours, 1, nominate=True)
        await peer.receive_success(1)
        driver.engine.send_dtls(client, b"\x16 to whom it concerns")
        assert (await peer.receive(1))[0].startswith(b"\x16")


async def test_a_nominated_candidate_is_not_used_before_our_own_check_was_answered(peer: FullPeer) -> None:
    async with ClientDriver() as driver:
        client, connected = add(driver, peer.candidates, controlling=False)
        check, ours = await peer.receive(0)
        peer.answer(check, ours, 0)
        await happens(connected)
        peer.check(ours, 1, nominate=True)
        await peer.receive_success(1)
        driver.engine.send_dtls(client, b"\x16 to whom it concerns")
        assert (await peer.receive(0))[0].startswith(b"\x16")


async def test_a_controlled_client_is_connected_by_the_nomination(peer: FullPeer) -> None:
    async with ClientDriver() as driver:
        _, connected = add(driver, peer.candidates[:1], controlling=False)
        check, ours = await peer.receive()
        peer.check(ours, nominate=True)
        await peer.receive_success()
        assert not connected.is_set(), "no check of ours has been answered"
        peer.answer(check, ours)
        await happens(connected, within_s=0.4)


async def test_a_client_without_candidates_learns_one_from_the_peers_check(peer: FullPeer) -> None:
    async with ClientDriver() as driver:
        (ours,) = free_addresses(1)
        _, connected = add(driver, [], controlling=True, bind=ours)
        peer.check(ours)
        await peer.receive_success()
        check, _ = await peer.receive_check()
        assert parse_stun(check)["username"] == b"peer:ours"
        peer.answer(check, ours)
        await happens(connected)


async def test_a_candidate_that_comes_later_is_checked_at_once(peer: FullPeer) -> None:
    async with ClientDriver() as driver:
        client, connected = add(driver, [], controlling=True)
        driver.add_candidate(client, *peer.candidates[0])
        check, ours = await peer.receive()
        peer.answer(check, ours)
        await happens(connected)


async def test_a_check_with_the_wrong_password_is_not_answered(peer: FullPeer) -> None:
    async with ClientDriver() as driver:
        (ours,) = free_addresses(1)
        add(driver, [], controlling=True, bind=ours)
        peer.check(ours, password="w" * 24)
        right = peer.check(ours)
        assert await peer.receive_success() == right


@pytest.mark.parametrize("controlling", [True, False], ids=["both control", "both are controlled"])
async def test_of_two_in_the_same_role_one_gives_way(peer: FullPeer, controlling: bool) -> None:
    peer_loses, peer_wins = (0, HIGHEST) if controlling else (HIGHEST, 0)
    async with ClientDriver() as driver:
        (ours,) = free_addresses(1)
        add(driver, [], controlling=controlling, bind=ours)
        peer.check(ours, controlling=controlling, tie_breaker=peer_loses)
        refused = parse_stun((await peer.receive())[0])
        peer.check(ours, controlling=controlling, tie_breaker=peer_wins)
        check = parse_stun((await peer.receive_check())[0])
    assert refused["error_code"] == 487
    assert (check["controlling"] is None) is controlling, "we gave way"


async def test_a_client_that_is_told_of_a_conflict_takes_the_other_role(peer: FullPeer) -> None:
    async with ClientDriver() as driver:
        add(driver, peer.candidates[:1], controlling=True)
        check, ours = await peer.receive()
        peer.refuse(check, ours)
        async with asyncio.timeout(20):
            while parse_stun((await peer.receive_check())[0])["controlling"] is not None:
                pass  # checks that were on their way


async def test_a_check_that_was_repeated_does_not_tell_the_round_trip(peer: FullPeer) -> None:
    """Its answer may be to any of them; another check, sent once, measures."""
    async with ClientDriver() as driver:
        client, connected = add(driver, peer.candidates[:1], controlling=True)
        first, ours = await peer.receive_check()
        for _ in range(3):
            again, _ = await peer.receive_check()
            assert parse_stun(again)["transaction"] == parse_stun(first)["transaction"]
        answered_ns = time.monotonic_ns()
        peer.answer(first, ours)
        await happens(connected)
        assert driver.engine.stats(client)["rtt_ns"] == 0
        anew = again
        while parse_stun(anew)["transaction"] == parse_stun(first)["transaction"]:
            anew, _ = await peer.receive_check()
        peer.answer(anew, ours)
        async with asyncio.timeout(10):
            while not driver.engine.stats(client)["rtt_ns"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert driver.engine.stats(client)["rtt_ns"] <= time.monotonic_ns() - answered_ns


async def test_only_the_first_answer_to_a_check_tells_the_round_trip(peer: FullPeer) -> None:
    async with ClientDriver() as driver:
        client, connected = add(driver, peer.candidates[:1], controlling=True)
        check, ours = await peer.receive_check()
        peer.answer(check, ours)
        await happens(connected)
        while not (measured := driver.engine.stats(client)["rtt_ns"]):
            check, ours = await peer.receive_check()  # the machine was slow, and the first check was repeated
            peer.answer(check, ours)
            peer.check(ours)
            await peer.receive_success()
        peer.answer(check, ours)
        peer.check(ours)
        await peer.receive_success()  # so it has read what came before
        assert driver.engine.stats(client)["rtt_ns"] == measured
