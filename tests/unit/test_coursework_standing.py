"""What grades come to: drafts, what is taken off, to date and overall."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vtp.coursework.assignment_store import Assignment
from vtp.coursework.grade_schemas import BookRowReply
from vtp.coursework.grade_store import GradeMark, Pupil
from vtp.coursework.late import LatePolicy, WorkStatus
from vtp.coursework.quiz_entries import QuizEntry
from vtp.coursework.standing import BookRow, Known, entry_of
from vtp.coursework.submission_store import HandedIn
from vtp.coursework.written_book import BookWriter
from vtp.http.etags import json_of

DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)
ESSAY = Assignment(
    id="essay",
    course_id="c",
    lesson_id=None,
    title="Essay",
    description="",
    published=True,
    release_at=None,
    due_at=DUE,
    late_policy=LatePolicy.DEDUCT,
    late_until=None,
    late_percent=10,
    centipoints=1000,
    rubric=[],
    for_groups=True,
    max_attempts=None,
    created_by=None,
    created_at=DUE,
    updated_at=DUE,
)
LATE = HandedIn("s1", "essay", "reds", DUE + timedelta(hours=30))
GRADE = GradeMark("essay", "ada", "s1", 955, released=False)
KNOWN = Known({("essay", "ada"): "reds"}, {("essay", "reds"): LATE}, {("essay", "ada"): GRADE}, {"s1": LATE})
ADA = Pupil("e", "ada", "Ada", "ada@school.example")


def test_a_member_stands_where_the_group_does_and_loses_for_each_day() -> None:
    entry = entry_of(ESSAY, "ada", KNOWN, DUE, drafts=True)
    assert (entry.status, entry.percent_off) == (WorkStatus.LATE, 20)
    assert (entry.points, entry.final_points, entry.released) == (9.55, 7.64, False)


def test_a_draft_of_a_grade_is_nothing_to_its_student() -> None:
    entry = entry_of(ESSAY, "ada", KNOWN, DUE, drafts=False)
    assert (entry.points, entry.final_points) == (None, None)
    shown = replace(KNOWN, grades={("essay", "ada"): GRADE._replace(released=True)})
    assert entry_of(ESSAY, "ada", shown, DUE, drafts=False).final_points == 7.64


def test_a_later_attempt_does_not_change_what_the_graded_one_lost() -> None:
    later = LATE._replace(id="s2", handed_in_at=DUE + timedelta(days=9))
    known = replace(KNOWN, newest={("essay", "reds"): later})
    assert entry_of(ESSAY, "ada", known, DUE, drafts=True).percent_off == 20


def test_to_date_is_of_what_is_graded_and_overall_of_everything() -> None:
    test = replace(ESSAY, id="test", title="Test", centipoints=3000)
    row = BookRow(ADA, [entry_of(one, "ada", KNOWN, DUE, drafts=True) for one in (ESSAY, test)])
    assert row.percents == (76.4, 19.1)
    assert BookRow(ADA, []).percents == (None, None)
    nearly = replace(KNOWN, grades={("essay", "ada"): GRADE._replace(centipoints=999, submission_id=None)})
    on_time = replace(nearly, newest={})
    assert BookRow(ADA, [entry_of(ESSAY, "ada", on_time, DUE, drafts=True)]).percents.to_date == 99.9


def test_a_row_is_written_as_the_documentation_says() -> None:
    entries = [entry_of(one, "ada", KNOWN, DUE, drafts=True) for one in (ESSAY, replace(ESSAY, id="test"))]
    ended = QuizEntry("q", "Quiz", WorkStatus.ON_TIME, DUE, 10.0, 9.5, released=True, attempt_id="a")
    open_still = QuizEntry("r", 'Ré"', WorkStatus.FLOATING, None, 0.0, None, released=False)
    written = BookWriter().row(BookRow(ADA, entries, [ended, open_still]))
    described = BookRowReply.model_validate_json(written)
    assert json_of(described) == written
    assert [one.attempt_id for one in described.quizzes] == ["a", None]
