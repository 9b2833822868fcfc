"""`vtp bench api` for real, with little load, and memory read before it has settled."""

from vtp.bench.scenarios.api import Api
from vtp.bench.scenarios.runner import Plan, run_plan
from vtp.bench.scenarios.term import Term


def test_the_api_answers_every_kind_of_request() -> None:
    few = Api(
        rate=100,
        connections=5,
        seconds=1,
        signalling=20,
        recordings=5,
        term=Term(4, 20, 40, 20),
        warm_up_s=0.1,
        people=25,  # of whom each may refresh so often and no more
        one_by_one=5,
        memory=False,
    )
    ours = run_plan(Plan("api", "vtp bench api", [few], runs=1))["vtp"]
    assert ours["failed"] == 0
    assert set(ours["api"]) == {
        "register",
        "login",
        "refresh",
        "profile",
        "recordings",
        "courses",
        "course_create",
        "course_update",
        "course_stats",
        "notifications",
        "submissions",
        "grade_book",
    }
