"""`vtp admin anonymize`: a course becomes nobody's beside a running server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.api.anonymous_material import anonymizer_of, held_school
from tests.api.test_accounts_cli import run
from tests.api.test_analytics_attendance import EIGHT, School
from tests.serving import Api, Person
from vtp.analytics.anonymize_store import claim
from vtp.ids import new_id
from vtp.rooms.tables import session_participants

pytestmark = pytest.mark.usefixtures("prepared_commands")  # which else takes the loop's time


@pytest.fixture
async def school(api: Api, teacher: Person) -> School:
    """A class that was held, and two recordings that were watched."""
    return await held_school(api, teacher)


async def test_the_command_closes_a_course_beside_a_running_server(
    api: Api, teacher: Person, school: School, database_url: str
) -> None:
    data_dir = api.server.services.settings.data_dir

    async def command(*arguments: str) -> tuple[int, str]:
        code, out, err = await run(data_dir, "anonymize", *arguments, database_url=database_url)
        return code, (out + err).strip()

    code, said = await command()
    assert code == 1 and "analytics.anonymize_after_days is 0" in said
    code, said = await command("--dry-run", "--after-days", "30")
    assert code == 0 and said.startswith("0 courses and 0 viewers")
    code, said = await command("--course", school.course)
    assert code == 0 and said.startswith("The course is nobody's. Who was in its classes of today stays by")
    sheet = await school.sheet()
    assert sheet["people"] == [] and sheet["totals"]["excused"] == 1
    code, said = await command("--course", new_id())
    assert code == 1 and "There is no such course." in said


async def test_a_server_that_is_at_it_is_waited_for(api: Api, school: School, database_url: str) -> None:
    services = api.server.services

    async def command(wait_s: int) -> tuple[int, str]:
        words = ("anonymize", "--course", school.course, "--wait", str(wait_s))
        code, out, err = await run(services.settings.data_dir, *words, database_url=database_url)
        return code, (out + err).strip()

    async def work_elsewhere(for_s: float) -> None:
        now = datetime.now(UTC)
        async with services.database.transaction() as tx:
            assert await claim(tx, "another server", now, now + timedelta(seconds=for_s))

    await work_elsewhere(300)
    code, said = await command(0)
    assert code == 1 and "A server does this at the moment; nothing was done." in said
    await work_elsewhere(3)
    code, said = await command(60)
    assert code == 0 and said.startswith("The course is nobody's.")


async def test_the_command_counts_usage_first(api: Api, teacher: Person, school: School) -> None:
    anonymizer, usage = anonymizer_of(api), api.server.services.analytics.usage
    usage.clock = lambda: EIGHT + timedelta(days=40)
    assert not await anonymizer.close_course(school.course), "who was there is still by name"
    anonymizer.usage_is_counted = usage.count_all
    assert await anonymizer.close_course(school.course) and await usage.is_counted()
    async with anonymizer.database.read() as tx:
        assert (await tx.execute(select(session_participants.c.user_id))).first() is None
