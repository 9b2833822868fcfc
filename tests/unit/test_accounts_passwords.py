"""Passwords: argon2id with today's parameters, off the loop, the same time for nobody; and which are
refused.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from importlib import resources

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type, hash_secret_raw

from tests.serving import FULL_WIDTH
from vtp.accounts import passwords as module
from vtp.accounts.claims import SYSTEM
from vtp.accounts.password_rules import PasswordRules
from vtp.accounts.passwords import MOST_THREADS, Passwords, _unmatched_hash
from vtp.errors import Invalid
from vtp.settings import AccountSettings

SETTINGS = AccountSettings()


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(SETTINGS)
    yield made
    made.close()


async def test_the_right_password_matches_and_another_does_not(passwords: Passwords) -> None:
    encoded = await passwords.hash("correct horse", SYSTEM)
    assert (await passwords.verify(encoded, "correct horse", SYSTEM)).right
    assert not (await passwords.verify(encoded, "correct horsf", SYSTEM)).right


async def test_hashes_are_argon2id_with_owasps_parameters(passwords: Passwords) -> None:
    parameters = extract_parameters(await passwords.hash("correct horse", SYSTEM))
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19456, 2, 1)


async def test_no_part_of_a_long_password_is_cut_off(passwords: Passwords) -> None:
    encoded = await passwords.hash("x" * 1000 + "a", SYSTEM)
    assert not (await passwords.verify(encoded, "x" * 1000 + "b", SYSTEM)).right


async def test_the_same_characters_match_however_a_keyboard_composes_them(passwords: Passwords) -> None:
    encoded = await passwords.hash("caf\u00e9 au lait", SYSTEM)
    assert (await passwords.verify(encoded, "cafe\u0301 au lait", SYSTEM)).right


async def test_compatible_characters_are_the_same_password(passwords: Passwords) -> None:
    encoded = await passwords.hash("\ufb01ne \u2460 \uff41\uff42\uff43", SYSTEM)
    assert (await passwords.verify(encoded, "fine 1 abc", SYSTEM)).right


async def test_a_weaker_hash_asks_to_be_made_again(passwords: Passwords) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("correct horse")
    verdict = await passwords.verify(weak, "correct horse", SYSTEM)
    assert verdict.right
    assert verdict.needs_rehash
    assert not (
        await passwords.verify(await passwords.hash("correct horse", SYSTEM), "correct horse", SYSTEM)
    ).needs_rehash


async def test_a_damaged_hash_is_a_wrong_password(passwords: Passwords) -> None:
    assert not (await passwords.verify("$argon2id$nonsense", "correct horse", SYSTEM)).right


async def test_nobodys_hash_costs_what_somebodys_does() -> None:
    stand_in = extract_parameters(_unmatched_hash(SETTINGS))
    real = extract_parameters(PasswordHasher(2, 19456, 1).hash("x"))
    assert stand_in == real


async def test_an_unknown_account_takes_the_time_of_a_wrong_password(passwords: Passwords) -> None:
    """Of a processor: how long that lasts is up to what else runs."""
    encoded = await passwords.hash("correct horse", SYSTEM)

    async def measure(known: str | None) -> float:
        started_s = time.process_time()
        assert not (await passwords.verify(known, "wrong", SYSTEM)).right
        return time.process_time() - started_s

    took_s = [(await measure(encoded), await measure(None)) for _ in range(9)]
    known_s, unknown_s = (min(column) for column in zip(*took_s, strict=True))
    assert 0.5 < unknown_s / known_s < 2.0


async def test_hashing_leaves_the_loop_free_and_runs_in_few_threads(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All three that cost: each is under way in a thread of its own kind, never in the loop's."""
    begun: list[tuple[str, str]] = []

    def noting(what: str, work: Callable[..., object]) -> Callable[..., object]:
        def begin(*arguments: object, **options: object) -> object:
            begun.append((what, threading.current_thread().name))
            return work(*arguments, **options)

        return begin

    monkeypatch.setattr(PasswordHasher, "hash", noting("hash", PasswordHasher.hash))
    monkeypatch.setattr(PasswordHasher, "verify", noting("verify", PasswordHasher.verify))
    derive = noting("derive", hash_secret_raw)
    monkeypatch.setattr(module, "hash_secret_raw", derive)
    encoded = await passwords.hash("correct horse", SYSTEM)
    await asyncio.gather(*(passwords.hash("correct horse", SYSTEM) for _ in range(11)))
    await asyncio.gather(*(passwords.verify(encoded, "correct horse", SYSTEM) for _ in range(12)))
    await asyncio.gather(*(passwords.derive("x4k29fmwt7", b"of this set only", SYSTEM) for _ in range(12)))
    assert sorted(what for what, _ in begun) == ["derive"] * 12 + ["hash"] * 12 + ["verify"] * 12
    names = {name for _, name in begun}
    assert all(name.startswith("vtp-password") for name in names), names
    assert 1 <= len(names) <= MOST_THREADS


@pytest.mark.parametrize(
    ("password", "complaint"),
    [
        ("short", "too short"),
        ("ä" * 513, "too long"),
        ("abababababab", "repeats"),
        ("password", "first that anybody"),
        ("Password123!", "first that anybody"),
        ("QWERTYUIOP", "first that anybody"),
        ("Teacher-27", "not taken here"),
        ("the classroom", "not taken here"),
        ("lovelace1", "your own name"),
        ("Lovelace815", "your own name"),
        # What is hashed is looked at, not the spelling that was typed:
        (FULL_WIDTH, "first that anybody"),
        ("\uff30\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\u2460\u2461\u2462", "first that anybody"),
        ("contrasen\u0303a", "first that anybody"),
        ("e\u0301a\u0301o\u0301u\u0301", "too short"),
        ("\u00bd\u00bc\u00be\u2153", "too short"),
        ("\uff41a\uff41a\uff41a\uff41a\uff41a", "repeats"),
        ("\uff54\uff45\uff41\uff43\uff48\uff45\uff52-27", "not taken here"),
        ("\uff4c\uff4f\uff56\uff45\uff4c\uff41\uff43\uff45", "your own name"),
        ("\ufdfa\u00bd\u00bc\u00be" * 100, "too long"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(password: str, complaint: str) -> None:
    with pytest.raises(Invalid) as caught:
        PasswordRules(SETTINGS).check(password, "ada@school.example", "Ada Lovelace")
    assert complaint in caught.value.errors[0].detail
    assert caught.value.errors[0].pointer == "/password"


def test_the_common_passwords_are_more_than_asvs_asks_for() -> None:
    text = resources.files("vtp.accounts").joinpath("common_passwords.txt").read_text("utf-8")
    long_enough = [line for line in text.split("\n") if len(line) >= 8 and not line.startswith("#")]
    assert len(set(long_enough)) >= 3000


def test_words_of_the_school_are_refused() -> None:
    rules = PasswordRules(AccountSettings(password_forbidden_words=["Northbridge"]))
    with pytest.raises(Invalid) as caught:
        rules.check("northbridge24")
    assert "not taken here" in caught.value.errors[0].detail
    rules.check("northbridge is far too cold in winter")


@pytest.mark.parametrize(
    ("word", "password"),
    [
        ("\uff2e\uff4f\uff52\uff54\uff48\uff42\uff52\uff49\uff44\uff47\uff45", "northbridge24"),
        ("Sche\u0301na", "sch\u00e9na12"),
        ("sch\u00e9na", "Sche\u0301na12"),
    ],
)
def test_words_are_known_in_every_spelling(word: str, password: str) -> None:
    for rules, context in (
        (PasswordRules(AccountSettings(password_forbidden_words=[word])), ""),
        (PasswordRules(SETTINGS), word),
    ):
        with pytest.raises(Invalid):
            rules.check(password, context)


@pytest.mark.parametrize(
    "password",
    ["a rather long pass phrase", "kx7-Qm2w", "Ada likes engines", "🐎🔋📎🐎🔋📎🐎🔋", "x" * 500 + "yz"],
)
def test_other_passwords_are_taken_without_rules_of_composition(password: str) -> None:
    PasswordRules(SETTINGS).check(password, "ada@school.example", "Ada Lovelace")
