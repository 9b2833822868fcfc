"""A server with a recording in it, in a thread beside Playwright's, and people who sign in to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, Page

from tests.e2e.conftest import poll
from tests.serving import PASSWORD, Api, Person, serving

T = TypeVar("T")


@dataclass
class School:
    """A server in a thread of its own, with a recording in it."""

    loop: asyncio.AbstractEventLoop
    api: Api
    teacher: Person
    recording_id: str

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def call(self, method: str, path: str, body: object = None) -> Any:
        answer = self.do(self.api.call(method, path, body, by=self.teacher))
        assert answer.status < 300, answer
        return answer.body

    @property
    def path(self) -> str:
        return f"/api/v1/recordings/{self.recording_id}"

    @property
    def url(self) -> str:
        return f"{self.api.base_url}/recordings/{self.recording_id}"


@contextmanager
def running_school(
    data_dir: Path, fill: Callable[[asyncio.AbstractEventLoop, Api], Awaitable[School]]
) -> Iterator[School]:
    """The school that `fill` makes of an empty server."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stack = AsyncExitStack()

    async def begin() -> School:
        return await fill(loop, await stack.enter_async_context(serving(data_dir, checked=False)))

    try:
        yield asyncio.run_coroutine_threadsafe(begin(), loop).result(120)
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(60)
        asyncio.run_coroutine_threadsafe(_end_the_rest(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end_the_rest() -> None:
    """As asyncio's own runner does: connections of pages that are open still wait for their next ping."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def person(browser: Browser, school: School, email: str = "", *, home: bool = True, **options: Any) -> Page:
    """A page of somebody who is signed in, as by the sign-in page, or of nobody.

    It shows their home, or nothing yet if they do not go `home`.
    """
    page = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options}).new_page()
    page.set_default_timeout(15_000)
    if email:
        words = {"email": email, "password": PASSWORD, "cookie": True}
        url = f"{school.api.base_url}/api/v1/auth/login"
        answer = page.context.request.post(url, data=words, headers={"Origin": school.api.base_url})
        assert answer.ok, answer.text()
        if home:
            page.goto(f"{school.api.base_url}/")
    return page


def until_at(page: Page, low: float, high: float) -> None:
    """Until the video stands, or plays, between these seconds and has a picture."""
    where = "document.querySelector('video')"
    poll(page, f"{where}?.readyState >= 2 && {where}.currentTime >= {low} && {where}.currentTime <= {high}")
