"""A class of thirty, two of them Chromium; a third lose their connections, and nobody misses anything."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.class_clients import Pupil, Told, delays_ms, live, read_log
from tests.class_server import ROOM, digest
from tests.e2e.conftest import ROOT, OpenPage, Stack, poll
from tests.e2e.frame_order import assert_in_order, wait_for_numbers
from tests.e2e.test_socketio_mediasoup import consume, enter

SCRIPTED = 28
EXPECTED = {
    "send-chat",
    "raise-hand",
    "lower-hand",
    "lower-all-hands",
    "react",
    "create-poll",
    "vote",
    "close-poll",
    "open-breakouts",
    "close-breakouts",
}
REFUSED = {
    *(
        "vote: no_such_poll",
        "vote: poll_closed",
        "close-poll: poll_closed",
        "react: rate_limited",
        "send-chat: rate_limited",
    ),
    *("open-breakouts: breakouts_open", "close-breakouts: no_breakouts"),
}
"""What chance brings about: a vote that comes too late, more than the limits allow, two who open groups
or close a poll."""
PATIENCE_S = 60.0
"""So much longer than they should people act, if chance has left something out."""


@dataclass
class ClassServer:
    """The server of the class, in its own process."""

    process: subprocess.Popen[str]
    folder: Path
    url: str
    tokens: dict[str, list[str]]

    def log(self) -> dict[str, list[Told]]:
        """All that was pushed until now, by participant."""
        assert self.process.stdin and self.process.stdout
        path = self.folder / "pushes"
        print(path, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "written\n"
        return read_log(path.read_text())


@pytest.fixture
def school(tmp_path: Path) -> Iterator[ClassServer]:
    command = [sys.executable, "-m", "tests.class_server", str(tmp_path / "data"), str(SCRIPTED)]
    process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin and process.stdout
    try:
        facts = json.loads(process.stdout.readline())
        yield ClassServer(process, tmp_path, facts["url"], facts["tokens"])
        process.stdin.close()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def stack(school: ClassServer, tmp_path: Path) -> Stack:
    """The pages of this file are the class's."""
    return Stack(school.url, tmp_path, school.process, dict(os.environ))


@dataclass
class ScriptedClass(threading.Thread):
    """The scripted people, on an event loop in a thread of its own."""

    school: ClassServer
    seconds: float
    seed: int
    pupils: list[Pupil] = field(default_factory=list)
    error: BaseException | None = None

    def __post_init__(self) -> None:
        super().__init__(name="scripted people")
        draw = random.Random(self.seed)
        roles = ["teacher", "assistant"] + ["student"] * (SCRIPTED - 2)
        at: Counter[str] = Counter()
        for role in roles:
            token = self.school.tokens[role][at[role]]
            at[role] += 1
            self.pupils.append(Pupil(self.school.url, token, role, random.Random(draw.random())))
        self.log: dict[str, list[Told]] = {}
        self._end_s = 0.0

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        try:
            asyncio.run(self._hold())
        except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
            self.error = error

    def _is_over(self) -> bool:
        """The time is up, all that people do in a class was done, and somebody has lost their connection."""
        over_s = time.monotonic() - self._end_s
        if over_s <= 0 or over_s > PATIENCE_S:
            return over_s > 0
        return {*self.done} >= EXPECTED and any(pupil.offline for pupil in self.pupils)

    @property
    def done(self) -> Counter[str]:
        """How often each act was done by now."""
        return sum((pupil.done for pupil in self.pupils), Counter())

    async def _hold(self) -> None:
        for pupil in self.pupils:
            await pupil.enter()
        for pupil in self.pupils:
            pupil.classmates = [one.id for one in self.pupils if one.role == "student"]
        self._end_s = time.monotonic() + self.seconds
        try:
            async with asyncio.TaskGroup() as everybody:
                for at, pupil in enumerate(self.pupils):
                    everybody.create_task(live(pupil, self._is_over, loses_connections=at % 3 == 2))
            self.log = await asyncio.to_thread(self.school.log)
            for pupil in self.pupils:
                await pupil.hear_up_to(self.log[pupil.id][-1].seq)
        finally:
            for pupil in self.pupils:
                await pupil.leave()


def pushed_to(page: Page) -> list[tuple[int, str, str]]:
    """What a page was pushed, as the server's log has it."""
    found: list[tuple[str, dict[str, Any]]] = page.evaluate("ortc.pushed")
    return [(data["seq"], event, digest(data)) for event, data in found if "seq" in data]


@pytest.mark.parametrize("seconds", [10, pytest.param(600, marks=pytest.mark.long)])
def test_nobody_of_thirty_misses_anything(
    school: ClassServer, open_page: OpenPage, script: str, seconds: int, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    pages = [
        enter(open_page, script, ROOM, token=school.tokens[role][at])
        for role, at in (("admin", 0), ("student", SCRIPTED - 1))
    ]
    pages[0].evaluate("ortc.produce('VP8')")
    pages[1].evaluate("(ids) => ortc.show(ids)", consume(pages[1], 2))
    scripted = ScriptedClass(school, seconds, seed)
    scripted.start()
    while scripted.is_alive():
        pages[0].wait_for_timeout(200)  # which lets the pages' own events through
    if scripted.error is not None:
        raise scripted.error

    delays: list[float] = []
    for pupil in scripted.pupils:
        told = scripted.log[pupil.id]
        assert [one.seq for one in told] == list(range(1, len(told) + 1))
        said = [(one.seq, one.event, one.says) for one in told]
        assert [(one.seq, one.event, one.says) for one in pupil.heard[: len(said)]] == said, f"seed {seed}"
        assert pupil.failed_resumes == 0
        delays += delays_ms(pupil, told)
    for page in pages:
        mine = page.evaluate("ortc.participantId")
        told = scripted.log[mine]
        poll(page, f"ortc.pushed.some(([, data]) => data.seq === {told[-1].seq})")
        heard = pushed_to(page)[: len(told)]
        assert heard == [(one.seq, one.event, one.says) for one in told], f"seed {seed}"
    assert_in_order(wait_for_numbers(pages[1], 20))

    refused: Counter[str] = sum((pupil.refused for pupil in scripted.pupils), Counter())
    assert set(scripted.done) >= EXPECTED, f"seed {seed}: {scripted.done}"
    assert set(refused) <= REFUSED, f"seed {seed}: {refused}"
    lost = sum(len(pupil.offline) for pupil in scripted.pupils)
    assert lost >= seconds // 10
    sent = Counter(one for pupil in scripted.pupils for one in pupil.sent)
    assert set(sent.values()) == {1}
    delays.sort()
    with capsys.disabled():
        print(
            f"\n{len(delays)} pushes to {SCRIPTED} people in {seconds} s, {lost} connections lost"
            f" (seed {seed}):"
            f" delivered after {delays[len(delays) // 2]:.1f} ms (median),"
            f" {delays[int(len(delays) * 0.95)]:.1f} ms (95 %), {delays[-1]:.0f} ms at most"
        )
