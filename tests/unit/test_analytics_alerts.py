"""Rules say who may need help, and what that is made of."""

from __future__ import annotations

from vtp.analytics.alert_rules import Facts, Rule, Severity, findings


def rules_of(facts: Facts) -> dict[Rule, Severity]:
    return {one.rule: one.severity for one in findings(facts)}


def test_nothing_is_found_of_who_is_there_and_of_whom_nothing_is_known() -> None:
    assert findings(Facts()) == []
    well = Facts(2, 10, 90.0, 5, 1, (950, 900, 400, 800), 71.0)
    assert findings(well) == []


def test_a_week_away_is_a_warning_and_two_are_more() -> None:
    assert rules_of(Facts(days_away=6)) == {}
    assert rules_of(Facts(days_away=7)) == {Rule.AWAY: Severity.MEDIUM}
    assert rules_of(Facts(days_away=14)) == {Rule.AWAY: Severity.HIGH}


def test_attendance_is_judged_after_three_classes() -> None:
    assert rules_of(Facts(classes_held=2, attendance_percent=0)) == {}
    assert rules_of(Facts(classes_held=3, attendance_percent=74.9)) == {Rule.ATTENDANCE: Severity.MEDIUM}
    assert rules_of(Facts(classes_held=3, attendance_percent=49.9)) == {Rule.ATTENDANCE: Severity.HIGH}
    assert rules_of(Facts(classes_held=3, attendance_percent=75)) == {}


def test_two_missing_assignments_or_a_third_of_them_are_too_many() -> None:
    assert rules_of(Facts(due=10, missing=1)) == {}
    assert rules_of(Facts(due=10, missing=2)) == {Rule.MISSING: Severity.MEDIUM}
    assert rules_of(Facts(due=3, missing=1)) == {Rule.MISSING: Severity.MEDIUM}
    assert rules_of(Facts(due=3, missing=2)) == {Rule.MISSING: Severity.HIGH}


def test_the_last_four_recordings_count_by_their_median() -> None:
    assert rules_of(Facts(last_progress=(0, 0, 0))) == {}
    assert rules_of(Facts(last_progress=(900, 0, 299, 299, 900))) == {Rule.RECORDINGS: Severity.LOW}
    assert rules_of(Facts(last_progress=(0, 300, 300, 900))) == {}


def test_how_far_half_of_the_recordings_were_watched_is_so_in_words() -> None:
    for progress, words in (
        ((0, 0, 0, 900), "half were watched to 0 % at most."),
        ((20, 20, 20, 20), "half were watched to 2 % at most."),
        ((0, 5, 300, 900), "half were watched to 15.25 % at most."),
    ):
        [found] = findings(Facts(last_progress=progress))
        assert found.reason == f"Of the last 4 recordings {words}"


def test_a_grade_below_half_is_told_and_the_worst_comes_first() -> None:
    assert rules_of(Facts(grade_percent=50)) == {}
    found = findings(Facts(days_away=20, grade_percent=20.0, due=2, missing=1))
    assert [one.rule for one in found] == [Rule.GRADE, Rule.AWAY, Rule.MISSING]
    assert found[0].severity is Severity.CRITICAL and "20 %" in found[0].reason
    assert found[1].evidence == {"days": 20, "warn_after": 7, "alert_after": 14}
