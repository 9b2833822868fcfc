"""Passwords that are being checked while another one is chosen: the new one ends what the old one began."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.serving import PASSWORD, Api
from vtp.accounts.claims import SYSTEM
from vtp.accounts.passwords import Hasher, Verdict
from vtp.accounts.users import change_user

pytestmark = pytest.mark.both_databases

AUTH = "/api/v1/auth"
NEW_PASSWORD = "another long pass phrase"


@pytest.fixture
def meanwhile(api: Api, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Chooses a new password for somebody, as its reset does, while the old one is being compared."""

    def arrange(user_id: str) -> None:
        accounts, compare = api.server.services.accounts, Hasher.verify
        todo: list[Callable[[], Awaitable[None]]] = []

        async def choose() -> None:
            hashed = await accounts.passwords.hash(NEW_PASSWORD, SYSTEM)
            now = accounts.service._clock()
            async with api.server.services.database.transaction() as tx:
                await change_user(tx, user_id, {"password_hash": hashed})
                await accounts.service._sessions.end_all(tx, user_id, "password_reset", now)

        async def verify(self: Hasher, encoded: str | None, password: str) -> Verdict:
            verdict = await compare(self, encoded, password)
            if todo:
                await todo.pop()()
            return verdict

        todo.append(choose)
        monkeypatch.setattr(Hasher, "verify", verify)

    return arrange


async def test_no_session_begins_with_a_password_that_is_replaced_meanwhile(
    api: Api, meanwhile: Callable[[str], None]
) -> None:
    person = await api.person("teacher")
    meanwhile(person.user_id)
    wish = {"email": person.email, "password": PASSWORD}
    assert (await api.call("POST", f"{AUTH}/login", wish)).status in (401, 503)
    await api.sign_in(person.email, NEW_PASSWORD)


async def test_a_session_that_ends_meanwhile_changes_no_password(
    api: Api, meanwhile: Callable[[str], None]
) -> None:
    person = await api.person("teacher")
    meanwhile(person.user_id)
    wish = {"current_password": PASSWORD, "new_password": "what the thief has chosen"}
    assert (await api.call("POST", f"{AUTH}/change-password", wish, by=person)).status == 401
    await api.sign_in(person.email, NEW_PASSWORD)
