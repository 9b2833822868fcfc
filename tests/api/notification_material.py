"""What people were told, for tests."""

from __future__ import annotations

from typing import Any

from tests.serving import Api, Person

NOTIFICATIONS = "/api/v1/notifications"


async def told(api: Api, who: Person, query: str = "") -> list[dict[str, Any]]:
    """Somebody's notifications, newest first."""
    answer = await api.call("GET", f"{NOTIFICATIONS}?limit=200{query}", by=who)
    assert answer.status == 200, answer
    return list(answer.body["items"])


async def kinds(api: Api, who: Person) -> list[str]:
    """Of which kinds those are."""
    return [one["kind"] for one in await told(api, who)]


async def unread(api: Api, who: Person) -> int:
    """How many of them are unread."""
    answer = await api.call("GET", f"{NOTIFICATIONS}/unread", by=who)
    assert answer.status == 200, answer
    return int(answer.body["unread"])
