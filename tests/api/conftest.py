"""Fixtures of the API tests: the whole server, once on each database."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.api.course_material import enrol, make_course
from tests.api.recording_material import add_finished, make_room
from tests.api.socket_clients import School
from tests.api.storage_material import storing
from tests.folder_store import SETTINGS, FolderClients, folder_store
from tests.loop_watch import unblocked_loop
from tests.serving import Api, Person, serving
from tests.smtp_server import Mailbox, mail_settings, smtp_server


@pytest.fixture
async def api(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> AsyncIterator[Api]:
    """A server without rate limits, in which nothing may hold up the event loop."""
    if request.node.get_closest_marker("over_store") is not None:
        request.getfixturevalue("store")
        async with storing(tmp_path / "data", SETTINGS, working=False) as running:
            yield running
        return
    async with serving(tmp_path / "data", database_url) as running:
        with unblocked_loop():
            yield running


@pytest.fixture
async def second(api: Api, tmp_path: Path, database_url: str) -> AsyncIterator[Api]:
    """Another server on the same database and keys, with a folder of its own."""
    keys = tmp_path / "data" / "secrets"
    async with serving(tmp_path / "second", database_url, secrets_dir=keys) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FolderClients]:
    """A folder that servers and job processes of this test take for their object store."""
    with folder_store(tmp_path / "bucket", monkeypatch) as found:
        yield found


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """What arrives at a real SMTP server."""
    async with smtp_server() as running:
        yield running


@pytest.fixture
async def mailed(tmp_path: Path, database_url: str, mailbox: Mailbox) -> AsyncIterator[Api]:
    """A server that sends its mails to `mailbox`."""
    async with serving(tmp_path / "data", database_url, mail=mail_settings(mailbox)) as running:
        yield running


@pytest.fixture
async def school(api: Api) -> AsyncIterator[School]:
    async with AsyncExitStack() as stack:
        yield School(api, stack)


@pytest.fixture
async def teacher(api: Api) -> Person:
    return await api.person("teacher")


@pytest.fixture
async def pupil(api: Api) -> Person:
    return await api.person("student")


@pytest.fixture
async def course(api: Api, teacher: Person, pupil: Person) -> str:
    """One that the pupil takes part in."""
    made = await make_course(api, teacher)
    assert (await enrol(api, made, pupil)).status == 201
    return made


@pytest.fixture
async def recording_id(api: Api, teacher: Person) -> str:
    """A finished recording of the teacher's, of 4 s."""
    return await add_finished(api, await make_room(api, teacher), teacher)
