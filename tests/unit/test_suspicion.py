"""Which sign-ins are taken for guesses, and that people who mistype are not."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from vtp.accounts.suspicion import (
    FREE,
    FREE_OF_SITE,
    IN_PER_FAILED,
    WINDOW_S,
    RecentPairs,
    Suspicion,
)

SCHOOL, HOME, ELSEWHERE = "203.0.113.7", "192.0.2.1", "198.51.100.9"


def guess(suspicion: Suspicion, address: str, accounts: int, now_s: float = 0.0) -> None:
    for number in range(accounts):
        suspicion.fail(address, f"victim{number}", now_s)


def test_somebody_who_mistypes_at_home_is_not_suspected() -> None:
    suspicion = Suspicion()
    for _ in range(20):
        with suspicion.in_hand(HOME, "ann"):
            suspicion.fail(HOME, "ann", 0.0)
    assert not suspicion.falls_on(HOME, "ann", 1.0)


def test_an_account_is_suspected_from_elsewhere_once_somebody_has_failed_at_it() -> None:
    suspicion = Suspicion()
    suspicion.fail(ELSEWHERE, "ann", 0.0)
    assert suspicion.falls_on(HOME, "ann", 1.0)
    assert not suspicion.falls_on(HOME, "ben", 1.0)
    assert not suspicion.falls_on(HOME, "ann", WINDOW_S + 1)


def test_a_try_that_nobody_looked_at_makes_suspected_only_while_it_is_in_hand() -> None:
    suspicion = Suspicion()
    with suspicion.in_hand(ELSEWHERE, "ann"), suspicion.in_hand(ELSEWHERE, "ann"):
        assert suspicion.falls_on(HOME, "ann", 0.0)
        assert not suspicion.falls_on(ELSEWHERE, "ann", 0.0)
        assert not suspicion.falls_on(HOME, "ben", 0.0)
    assert not suspicion.falls_on(HOME, "ann", 0.0)


def test_a_try_that_was_refused_is_known_while_others_at_that_account_wait() -> None:
    suspicion = Suspicion()
    with suspicion.in_hand(HOME, "ann"):
        for number in range(3):
            with suspicion.in_hand(f"198.51.100.{number}", "ann"):
                pass
        assert suspicion.falls_on(HOME, "ann", 0.0)
        assert suspicion.falls_on("198.51.100.2", "ann", 0.0)
    assert not suspicion.falls_on(HOME, "ann", 0.0)


def test_an_address_is_suspected_after_failures_at_many_accounts() -> None:
    suspicion = Suspicion()
    guess(suspicion, ELSEWHERE, FREE - 1)
    assert not suspicion.falls_on(ELSEWHERE, "somebody", 1.0)
    guess(suspicion, ELSEWHERE, FREE)
    assert suspicion.falls_on(ELSEWHERE, "somebody", 1.0)
    assert suspicion.falls_on(ELSEWHERE, "", 1.0), "registering too"
    assert not suspicion.falls_on(HOME, "", 1.0)


def test_a_school_where_many_mistype_and_then_get_in_is_not_suspected() -> None:
    suspicion = Suspicion()
    for number in range(200):
        suspicion.fail(SCHOOL, f"pupil{number}", 0.0)
        suspicion.succeed(SCHOOL, f"pupil{number}", 1.0)
    assert not suspicion.falls_on(SCHOOL, "newcomer", 2.0)


def test_a_school_may_have_as_many_who_give_up_as_its_size_allows() -> None:
    suspicion = Suspicion()
    for number in range(200):
        suspicion.succeed(SCHOOL, f"pupil{number}", 0.0)
    guess(suspicion, SCHOOL, 200 // IN_PER_FAILED - 1)
    assert not suspicion.falls_on(SCHOOL, "newcomer", 1.0)
    suspicion.fail(SCHOOL, "one more", 1.0)
    assert suspicion.falls_on(SCHOOL, "newcomer", 1.0)


def test_nobody_washes_failures_away_by_signing_in_to_an_account_of_their_own() -> None:
    suspicion = Suspicion()
    guess(suspicion, ELSEWHERE, FREE)
    for _ in range(1000):
        suspicion.succeed(ELSEWHERE, "eve", 1.0)
    assert suspicion.falls_on(ELSEWHERE, "somebody", 2.0)


def test_a_class_that_signs_in_at_once_is_not_suspected_while_it_waits() -> None:
    suspicion = Suspicion()
    with ExitStack() as tries:
        for number in range(200):
            tries.enter_context(suspicion.in_hand(SCHOOL, f"pupil{number}"))
        assert not suspicion.falls_on(SCHOOL, "pupil200", 0.0)
        assert not suspicion.falls_on(SCHOOL, "pupil199", 0.0)


def test_a_machine_that_takes_a_new_address_of_ipv6_each_time_is_one_network() -> None:
    suspicion = Suspicion()
    for number in range(FREE):
        suspicion.fail(f"2001:db8:0:1::{number:x}", f"victim{number}", 0.0)
    assert suspicion.falls_on("2001:db8:0:1:ffff::1", "somebody", 1.0)
    assert not suspicion.falls_on("2001:db8:0:2::1", "somebody", 1.0)


def test_a_site_that_takes_a_new_network_of_ipv6_each_time_is_suspected_whole() -> None:
    suspicion = Suspicion()
    for number in range(FREE_OF_SITE):
        suspicion.fail(f"2001:db8:0:{number:x}::1", f"victim{number}", 0.0)
    assert suspicion.falls_on("2001:db8:0:ffff::1", "somebody", 1.0)
    assert not suspicion.falls_on("2001:db8:1:1::1", "somebody", 1.0)


def test_a_success_forgets_failures_of_the_account_here_and_not_elsewhere() -> None:
    suspicion = Suspicion()
    suspicion.fail(HOME, "ann", 0.0)
    suspicion.fail(ELSEWHERE, "ann", 0.0)
    suspicion.succeed(HOME, "ann", 1.0)
    assert suspicion.falls_on(HOME, "ann", 2.0)
    assert not suspicion.falls_on(ELSEWHERE, "ann", 2.0)


def test_pairs_are_forgotten_by_age_and_by_number() -> None:
    pairs = RecentPairs(window_s=10, most=3)
    for number in range(5):
        pairs.add("a", str(number), float(number))
    assert set(pairs.of("a", 4.0)) == {"2", "3", "4"}
    assert set(pairs.of("a", 13.5)) == {"4"}
    pairs.add("a", "4", 14.0)
    assert set(pairs.of("a", 24.0)) == {"4"}
    assert not pairs.of("a", 24.5)
    assert len(pairs) == 0


@pytest.mark.parametrize("address", ["", "fe80::1%eth0", "no address"])
def test_odd_addresses_are_networks_of_their_own(address: str) -> None:
    suspicion = Suspicion()
    guess(suspicion, address, FREE)
    assert suspicion.falls_on(address, "somebody", 1.0)
