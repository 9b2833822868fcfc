"""`vtp bench courses` for real, in a small school."""

from vtp.bench.scenarios.course_reads import READS, CourseReads
from vtp.bench.scenarios.large_course import LargeCourse
from vtp.bench.scenarios.runner import Plan, run_plan
from vtp.bench.scenarios.term import Term


def test_every_page_of_a_course_is_read_and_its_statements_are_counted() -> None:
    small = LargeCourse(
        students=5, assignments=3, quizzes=2, questions=12, materials=3, announcements=3, lessons=3, news=4
    )
    one = CourseReads(calls=2, database="postgresql", term=Term(8, 20, 40, 16), course=small)
    ours = run_plan(Plan("courses", "vtp bench courses", [one], runs=1))["vtp"]
    assert set(ours["api"]) == set(ours["reads"]) == set(READS)
    assert all(read["statements"] >= 1 and read["answer_kb"] > 0 for read in ours["reads"].values())
