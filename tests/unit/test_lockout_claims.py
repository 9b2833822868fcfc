"""What a try to sign in may claim: by what it proves and what has failed, never by who has an account."""

from __future__ import annotations

import asyncio

import pytest

from vtp.accounts.audit import Origin
from vtp.accounts.claims import Claim
from vtp.accounts.devices import Devices
from vtp.accounts.hash_queue import Rank
from vtp.accounts.hash_turns import HashTurns
from vtp.accounts.lockout import Attempt, Lockout
from vtp.accounts.suspicion import FREE
from vtp.errors import RateLimited
from vtp.sealing import Sealer
from vtp.settings import LimitSettings

HOME, ELSEWHERE = Origin(ip="2001:db8:0:1::1"), Origin(ip="198.51.100.9")
EMAIL = "ann@school.example"


@pytest.fixture
def devices() -> Devices:
    return Devices(Sealer(b"k" * 32))


@pytest.fixture
def lockout(devices: Devices, now_s: list[float]) -> Lockout:
    return Lockout(LimitSettings(), devices, Sealer(b"k" * 32), clock=lambda: now_s[0])


@pytest.fixture
def now_s() -> list[float]:
    """What the clock says, which a test may set."""
    return [1000.0]


def rank(lockout: Lockout, attempt: Attempt) -> Rank:
    return claim(lockout, attempt).rank


def claim(lockout: Lockout, attempt: Attempt) -> Claim:
    """Of a try that is over."""
    with lockout.trying(attempt) as made:
        return made


def test_a_known_device_has_proven_it_and_one_that_claims_it_has_not(
    lockout: Lockout, devices: Devices
) -> None:
    [token] = devices.remember(EMAIL, [])
    known = claim(lockout, lockout.attempt(EMAIL, [token], HOME))
    assert (known.rank, known.lane) == (Rank.PROVEN, EMAIL)
    forged = token[:-1] + ("0" if token[-1] != "0" else "1")
    for tokens in ([forged], devices.remember("eve@school.example", []), []):
        stranger = claim(lockout, lockout.attempt(EMAIL, tokens, HOME))
        assert (stranger.rank, stranger.lane) == (Rank.UNSUSPECTED, "2001:db8::/48")


def test_who_mistypes_once_is_not_suspected_and_who_goes_on_is(lockout: Lockout) -> None:
    attempt = lockout.attempt(EMAIL, [], HOME)
    seen = []
    for _ in range(4):
        seen.append(rank(lockout, attempt))
        lockout.fail(attempt)
    assert seen == [Rank.UNSUSPECTED] * 2 + [Rank.OTHERS] * 2


def test_an_account_that_is_tried_from_two_networks_at_once_is_suspected_in_both(lockout: Lockout) -> None:
    here, there = (lockout.attempt(EMAIL, [], origin) for origin in (HOME, ELSEWHERE))
    with lockout.trying(here) as first, lockout.trying(there) as second, lockout.trying(here) as third:
        ranks = [one.rank for one in (first, second, third)]
    assert ranks == [Rank.UNSUSPECTED, Rank.OTHERS, Rank.OTHERS]


def test_a_try_that_was_not_looked_at_leaves_the_account_unsuspected(lockout: Lockout) -> None:
    """Its browser went away, or it was refused 503."""
    claim(lockout, lockout.attempt(EMAIL, [], ELSEWHERE))
    assert rank(lockout, lockout.attempt(EMAIL, [], HOME)) is Rank.UNSUSPECTED


def test_a_wrong_password_from_elsewhere_makes_the_account_suspected(lockout: Lockout) -> None:
    lockout.fail(lockout.attempt(EMAIL, [], ELSEWHERE))
    assert rank(lockout, lockout.attempt(EMAIL, [], HOME)) is Rank.OTHERS


def test_a_known_device_leaves_its_owner_unsuspected_on_a_new_one_elsewhere(
    lockout: Lockout, devices: Devices
) -> None:
    known = lockout.attempt(EMAIL, devices.remember(EMAIL, []), HOME)
    with lockout.trying(known):
        assert rank(lockout, lockout.attempt(EMAIL, [], ELSEWHERE)) is Rank.UNSUSPECTED
    lockout.fail(known)
    assert rank(lockout, lockout.attempt(EMAIL, [], ELSEWHERE)) is Rank.UNSUSPECTED


def test_guesses_of_others_at_its_people_make_no_school_suspected(lockout: Lockout) -> None:
    """Their accounts wait by them; who tries to sign in at school meanwhile has guessed at nothing."""
    for number in range(50):
        pupil = f"pupil{number}@school.example"
        for _ in range(5):
            lockout.fail(lockout.attempt(pupil, [], ELSEWHERE))
        at_school = lockout.attempt(pupil, [], HOME)
        with pytest.raises(RateLimited):
            lockout.check(at_school)
        with pytest.raises(RateLimited):
            for check in claim(lockout, at_school).checks:
                check()
    assert lockout.stranger(ELSEWHERE).rank is Rank.OTHERS
    assert lockout.stranger(HOME).rank is Rank.UNSUSPECTED
    assert rank(lockout, lockout.attempt("other@school.example", [], HOME)) is Rank.UNSUSPECTED


def test_a_try_loses_its_claim_when_its_account_has_to_wait(lockout: Lockout) -> None:
    attempt = lockout.attempt(EMAIL, [], HOME)
    with lockout.trying(attempt) as made:
        for check in made.checks:
            check()
        for _ in range(5):
            lockout.fail(attempt)
        with pytest.raises(RateLimited):
            for check in made.checks:
                check()


def test_a_wait_that_was_lifted_does_not_begin_again_when_it_is_heard_of(lockout: Lockout) -> None:
    attempt = lockout.attempt(EMAIL, [], HOME)
    waits = lockout.waits
    waits.recall_lifted(attempt.key, ago_s=10)
    waits.recall(attempt.key, 5, ago_s=20)
    lockout.check(attempt)
    waits.recall(attempt.key, 5, ago_s=5)
    with pytest.raises(RateLimited):
        lockout.check(attempt)
    waits.recall_lifted(attempt.key, ago_s=8)
    with pytest.raises(RateLimited):
        lockout.check(attempt)
    lockout.lift("ada", EMAIL)
    waits.recall(attempt.key, 5, ago_s=5)
    lockout.check(attempt)


def test_what_lifts_an_accounts_wait_lifts_those_of_its_devices_too(
    lockout: Lockout, devices: Devices
) -> None:
    [token] = devices.remember(EMAIL, [])
    device, waits = lockout.attempt(EMAIL, [token], HOME), lockout.waits
    group = lockout.attempt(EMAIL, [], HOME).key
    waits.recall(device.key, 9, ago_s=20)
    with pytest.raises(RateLimited):
        lockout.check(device)
    waits.recall_lifted(group, ago_s=10)
    assert waits.count(device.key) == 0, "and nothing of it counts on"
    waits.recall(device.key, 9, ago_s=15)
    lockout.check(device)
    waits.recall(device.key, 5, ago_s=5)
    assert waits.count(device.key) == 5, "what came since does"
    with pytest.raises(RateLimited):
        lockout.check(device)
    waits.recall_lifted(device.key, ago_s=1)
    lockout.check(device)
    lockout.fail(lockout.attempt(EMAIL, [], HOME))
    assert waits.count(group) == 1, "a device lifts nobody else's"


def test_a_lifting_that_another_clock_has_ahead_lifts_nothing_to_come(
    lockout: Lockout, devices: Devices, now_s: list[float]
) -> None:
    [token] = devices.remember(EMAIL, [])
    device = lockout.attempt(EMAIL, [token], HOME)
    lockout.waits.recall_lifted(lockout.attempt(EMAIL, [], HOME).key, ago_s=-600)
    now_s[0] += 1
    for _ in range(5):
        lockout.fail(device)
    with pytest.raises(RateLimited):
        lockout.check(device)


def test_a_wait_that_is_over_is_not_recalled(lockout: Lockout) -> None:
    attempt = lockout.attempt(EMAIL, [], HOME)
    lockout.waits.recall(attempt.key, 5, ago_s=31)
    assert not lockout.fail(attempt)


def test_who_waits_is_suspected_once_another_network_tries_the_same_account(lockout: Lockout) -> None:
    first, second = lockout.attempt(EMAIL, [], ELSEWHERE), lockout.attempt(EMAIL, [], HOME)
    with lockout.trying(first) as waiting:
        assert waiting.rank_now is not None
        assert waiting.rank_now() is Rank.UNSUSPECTED
        with lockout.trying(lockout.attempt("ben@school.example", [], HOME)):
            assert waiting.rank_now() is Rank.UNSUSPECTED, "another account is none of its business"
        with lockout.trying(second) as contested:
            assert (waiting.rank_now(), contested.rank) == (Rank.OTHERS, Rank.OTHERS)
        assert waiting.rank_now() is Rank.OTHERS, (
            "as long as one of the two waits, however soon the other was refused"
        )
    assert rank(lockout, first) is Rank.UNSUSPECTED, "nobody has looked at either password"
    lockout.fail(second)
    assert rank(lockout, first) is Rank.OTHERS


def test_the_rank_of_a_known_device_is_not_asked_again(lockout: Lockout, devices: Devices) -> None:
    [token] = devices.remember(EMAIL, [])
    assert claim(lockout, lockout.attempt(EMAIL, [token], HOME)).rank_now is None


def test_who_waits_is_not_put_behind_for_their_network(lockout: Lockout) -> None:
    with lockout.trying(lockout.attempt(EMAIL, [], HOME)) as waiting:
        for number in range(FREE):
            lockout.fail(lockout.attempt(f"pupil{number}@school.example", [], HOME))
        assert rank(lockout, lockout.attempt("ben@school.example", [], HOME)) is Rank.OTHERS
        assert waiting.rank_now is not None
        assert waiting.rank_now() is Rank.UNSUSPECTED


async def test_a_school_that_waits_is_served_though_some_of_it_mistype(lockout: Lockout) -> None:
    """All on new devices behind one address, which is suspected before most of them have had their turn."""
    turns, begin = HashTurns(1), asyncio.Event()
    served: list[int] = []

    async def sign_in(number: int) -> None:
        attempt = lockout.attempt(f"pupil{number}@school.example", [], ELSEWHERE)
        with lockout.trying(attempt) as made:
            async with turns.turn(made):
                await begin.wait()
                served.append(number)
                (lockout.fail if number < FREE else lockout.succeed)(attempt)

    pupils = [asyncio.create_task(sign_in(number)) for number in range(100)]
    await asyncio.sleep(0)  # all of them wait
    begin.set()
    await asyncio.gather(*pupils)
    assert served == list(range(100))
    assert turns.numbers()["sunk"] == 0
