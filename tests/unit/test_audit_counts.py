"""How many refusals are stored, and what becomes of the others."""

from vtp.accounts.audit_counts import EACH, STRANGERS, AuditCounts


def test_the_next_that_is_stored_tells_how_many_were_not() -> None:
    counts = AuditCounts()
    assert [counts.take("e", "user:1", now_s=0.0) for _ in range(EACH)] == [0] * EACH
    assert [counts.take("e", "user:1", now_s=1.0) for _ in range(7)] == [None] * 7
    assert counts.take("f", "user:1", now_s=1.0) is None, "one measure for all that somebody is refused"
    assert counts.take("e", "user:1", now_s=200.0) == 7
    assert counts.take("e", "user:1", now_s=200.0) == 0
    assert counts.take_all() == {"f": 1}
    assert counts.take_all() == {}


def test_strangers_of_many_networks_are_bounded_together_and_hide_no_account() -> None:
    counts = AuditCounts()
    taken = [
        counts.take("e", f"2001:db8:{n:x}::/64", now_s=0.0, stranger=True) for n in range(STRANGERS + 40)
    ]
    assert taken.count(0) == STRANGERS and taken.count(None) == 40
    assert counts.take("e", "user:1", now_s=0.0) == 0
    assert counts.take_all() == {"e": 40}


def test_counts_of_very_many_take_bounded_memory_and_none_is_lost() -> None:
    counts = AuditCounts(most_keys=10)
    for n in range(STRANGERS + 50):
        counts.take("e", f"network {n}", now_s=0.0, stranger=True)
    assert len(counts) <= 11
    assert counts.take_all() == {"e": 50}
