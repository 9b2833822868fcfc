"""Runs test files several at a time, each in one of some copies of the process that has loaded them all.

Loading every test, with all of the product, takes a processor 30 s; here one process does it and forks. A
copy takes a file, the first that none has taken, whenever it is done with one, and keeps its session's
fixtures meanwhile. What it says of a test goes to the first process, which tells it as if it had run it. A
copy that dies, or stands still in a test, fails the test that it was at, and another copy goes on after that
test. Where it is asked for, what failed is tried once more when all is done, with nothing beside it
(`tests.second_tries`).
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import faulthandler
import gc
import os
import signal
import threading
import time
import traceback
import warnings
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.second_tries import SecondTries

NAME = "COPY_OF_TESTS"
"""The variable in which a copy finds its name."""
LONGEST_TEST = 400.0
"""Seconds after which a test stands still: four times what the longest takes, with its fixtures."""
LONG = 60.0
"""Seconds after which a test that is at it still is named: a run that is ended from outside shows which."""
LAST_WORDS = 10.0
"""Seconds for a copy that stands still to say where."""
Places = list[int]
"""Of the tests of a file, or of what is left of it, among all."""


class Between(pytest.Item):
    """Follows the last test of a file: the session goes on, and all below it ends."""

    def runtest(self) -> None:
        raise NotImplementedError


@dataclass
class Copy:
    """One, as the first process sees it."""

    process: int
    end: int
    """A descriptor of the process, which can be read once that has ended."""
    line: Connection
    said: Path
    """Where it says what it does when it is asked because it stands still."""
    left: Places
    """Of its file: what it has not begun, by what it said."""
    at: int | None = None
    """The test that it has begun."""
    since: float = 0.0
    """When it began that, by the monotonic clock."""
    until: float = float("inf")
    """When that has taken long, and then too long."""
    is_long: bool = False
    is_asked: bool = False
    """Where it stands; the next that it is told is to end."""
    trouble: str = ""
    is_done: bool = False

    def begin(self, place: int, until: float) -> None:
        self.left = [later for later in self.left if later > place]
        self.at, self.since, self.is_long = place, time.monotonic(), False
        self.until = self.since + until

    def stand_still(self) -> None:
        """It has taken too long: it says where it is, or ends at once."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL if self.is_asked else signal.SIGUSR1)
        self.until = time.monotonic() + LAST_WORDS
        self.is_asked = True

    def why_it_ended(self, status: int) -> str:
        if not self.is_asked:
            return self.trouble or f"The process that ran this ended with {status}."
        said = self.said.read_text(errors="replace") if self.said.exists() else ""
        return f"This took too long, and its process was ended. It was at:\n{said}"


class Copies:
    """A plugin of the first process; `pytest_runtestloop` is all that it does."""

    def __init__(
        self, config: pytest.Config, most: int, longest: float = LONGEST_TEST, second_tries: bool = False
    ) -> None:
        """`most` files at a time, in which no test takes more than `longest` seconds."""
        self._config, self._most, self._longest = config, most, longest
        self._second = SecondTries() if second_tries else None
        self._begun = time.monotonic()
        self._numbers = count()
        self._running: list[Copy] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Runs everything, unless something could not be loaded or nothing is to be run."""
        if session.testsfailed or self._config.option.collectonly:
            return None
        assert threading.active_count() == 1, f"no copy has these: {threading.enumerate()}"
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter.showfspath = False
        config: Any = self._config
        config._tmp_path_factory.getbasetemp()  # in which each copy has its folder
        self._files = deque(files_of(session.items))
        try:
            for _ in range(min(self._most, len(self._files))):
                self._begin(session)
            while self._running:
                self._hear(session)
            self._try_again(session)
        except BaseException:
            self._tell_untried()
            for copy in self._running:
                os.kill(copy.process, signal.SIGINT)
            for copy in self._running:
                os.waitpid(copy.process, 0)
            raise
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        return True

    def _try_again(self, session: pytest.Session) -> None:
        if self._second is None:
            return
        for place in self._second.begin(session.items):
            self._files.append([place])
            self._begin(session)
            while self._running:
                self._hear(session)
        self._tell_untried()

    def _tell_untried(self) -> None:
        for report in self._second.untried() if self._second is not None else []:
            self._config.hook.pytest_runtest_logreport(report=report)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Names what passed alone only, so that it is not forgotten."""
        for name, said in self._second.passed_alone().items() if self._second is not None else ():
            terminalreporter.section(f"failed beside others, passed alone: {name}")
            terminalreporter.write_line(said)

    def _begin(self, session: pytest.Session) -> None:
        name = f"gw{next(self._numbers)}"
        config: Any = self._config
        said = config._tmp_path_factory.getbasetemp() / f"{name}-stands-at.txt"
        ours, theirs = Pipe()
        process = os.fork()
        if not process:
            for line in (ours, *(copy.line for copy in self._running)):
                line.close()
            Worker(session, name, theirs, said).run()
        theirs.close()
        self._running.append(Copy(process, os.pidfd_open(process), ours, said, []))

    def _hear(self, session: pytest.Session) -> None:
        """Of all that have something to say, or have ended; or until one has taken too long.

        Not the end of its line tells that a copy has ended: what it has begun may have that line too.
        """
        copies = {either: copy for copy in self._running for either in (copy.line, copy.end)}
        left = min(copy.until for copy in self._running) - time.monotonic()
        ready = wait(list(copies), min(max(left, 0.0), LONG))
        for copy in {id(copies[either]): copies[either] for either in ready}.values():  # type: ignore[index]
            has_ended = copy.end in ready
            try:
                while copy.line.poll():
                    what, told = copy.line.recv()
                    getattr(self, f"_{what}")(session, copy, told)
            except (EOFError, OSError):
                has_ended = True
            if has_ended:
                self._end(session, copy)
        for copy in self._running:
            if time.monotonic() >= copy.until:
                self._wait_no_longer(session, copy)

    def _wait_no_longer(self, session: pytest.Session, copy: Copy) -> None:
        if copy.at is None or copy.is_long or self._longest <= LONG:
            copy.stand_still()
            return
        copy.is_long, copy.until = True, copy.since + self._longest
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            begun_s, name = copy.since - self._begun, session.items[copy.at].nodeid
            reporter.write_line(f"\n{begun_s:.0f} s after the beginning began, and is not over: {name}")

    def _free(self, session: pytest.Session, copy: Copy, _: object) -> None:
        copy.left = self._files.popleft() if self._files and not session.shouldfail else []
        copy.at = None
        copy.until = float("inf") if copy.left else time.monotonic() + self._longest  # for its session's end
        copy.line.send(copy.left)

    def _at(self, session: pytest.Session, copy: Copy, place: int) -> None:
        copy.begin(place, min(LONG, self._longest))

    def _report(self, session: pytest.Session, copy: Copy, data: dict[str, Any]) -> None:
        report = self._config.hook.pytest_report_from_serializable(config=self._config, data=data)
        self._tell(report)

    def _tell(self, report: pytest.TestReport) -> None:
        if self._second is None or not self._second.keep(report):
            self._config.hook.pytest_runtest_logreport(report=report)

    def _warned(self, session: pytest.Session, copy: Copy, told: tuple[dict[str, Any], Any]) -> None:
        message, where = told
        warning = warnings.WarningMessage(**message)
        self._config.hook.pytest_warning_recorded.call_historic(
            kwargs={"warning_message": warning, **where},
        )

    def _trouble(self, session: pytest.Session, copy: Copy, told: str) -> None:
        copy.trouble = told

    def _done(self, session: pytest.Session, copy: Copy, _: object) -> None:
        copy.is_done = True

    def _end(self, session: pytest.Session, copy: Copy) -> None:
        self._running.remove(copy)
        copy.line.close()
        os.close(copy.end)
        status = os.waitstatus_to_exitcode(os.waitpid(copy.process, 0)[1])
        if copy.is_done and status == 0:
            return
        item = session.items[copy.at] if copy.at is not None else None
        nodeid = item.nodeid if item is not None else "a copy of the tests' process"
        told = copy.why_it_ended(status)
        location = item.location if item is not None else (nodeid, None, nodeid)
        report = pytest.TestReport(nodeid, location, {}, "failed", told, "call")
        if item is None:  # nothing that could be tried again
            self._config.hook.pytest_runtest_logreport(report=report)
        else:
            self._tell(report)
        if copy.left:
            self._files.appendleft(copy.left)
        if self._files and item is not None and not session.shouldfail:  # else the next would end likewise
            self._begin(session)


class Worker:
    """What a copy is."""

    def __init__(self, session: pytest.Session, name: str, line: Connection, said: Path) -> None:
        self._session, self._config, self._line, self._said = session, session.config, line, said
        self._name, self._has_begun = name, False
        self._between = Between.from_parent(session, name="between files")

    def run(self) -> NoReturn:
        """Files until there are no more, and the end of the process."""
        status = pytest.ExitCode.INTERNAL_ERROR
        try:
            self._become()
            for places in iter(self._next_file, []):
                self._run_file(places)
                if self._session.shouldfail or self._session.shouldstop:
                    break
            self._config.hook.pytest_sessionfinish(session=self._session, exitstatus=0)
            self._config._ensure_unconfigure()
            atexit._run_exitfuncs()
            self._line.send(("done", None))
            status = pytest.ExitCode.OK
        except KeyboardInterrupt:
            self._config.hook.pytest_sessionfinish(session=self._session, exitstatus=2)
            self._config._ensure_unconfigure()
        except BaseException:  # noqa: BLE001
            self._line.send(("trouble", traceback.format_exc()))
        finally:
            os._exit(status)

    def _become(self) -> None:
        """A process of its own: with a folder, captured output and a terminal that is nobody's."""
        config: Any = self._config
        os.environ[NAME] = self._name
        say_where_we_stand(self._said)
        config.workerinput = {"workerid": self._name}  # where pytest and its plugins look for it
        capturing = config.pluginmanager.getplugin("capturemanager")
        if capturing.is_globally_capturing():
            capturing._global_capturing.stop_capturing()  # its files are those of all copies
            capturing._global_capturing = None
            capturing.start_global_capturing()
            capturing.suspend_global_capture()
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter._tw._file = Path(os.devnull).open("w")  # noqa: SIM115
        folders = config._tmp_path_factory
        folders._given_basetemp = folders.getbasetemp() / self._name
        folders._basetemp = None
        config.pluginmanager.register(self)  # which is told what has been warned of before
        self._has_begun = True

    def _next_file(self) -> Places:
        self._line.send(("free", None))
        places: Places = self._line.recv()
        return places

    def _run_file(self, places: Places) -> None:
        items = self._session.items
        following = [items[place] for place in places[1:]]
        for place, after in zip(places, [*following, self._between], strict=True):
            self._line.send(("at", place))
            self._config.hook.pytest_runtest_protocol(item=items[place], nextitem=after)
            if self._session.shouldfail or self._session.shouldstop:
                return
        gc.collect()
        gc.freeze()  # no collection looks through what it has left: that had come to a second each time

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._line.send(("report", data))

    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, when: str, nodeid: str, location: Any
    ) -> None:
        if not self._has_begun:
            return
        message = {
            "message": Warning(str(warning_message.message)),
            "category": warning_message.category,
            "filename": warning_message.filename,
            "lineno": warning_message.lineno,
        }
        self._line.send(("warned", (message, {"when": when, "nodeid": nodeid, "location": location})))


def say_where_we_stand(path: Path) -> None:
    """Asked by SIGUSR1: to a file, first of all threads, then of the tasks of this thread's loop; and ends.

    Threads are written even where the interpreter never comes to a handler of its own.
    """
    file = path.open("w")

    def say_tasks(_number: int, _frame: object) -> NoReturn:
        with contextlib.suppress(RuntimeError):  # no loop runs
            for task in asyncio.all_tasks():
                task.print_stack(file=file)
        file.flush()
        os._exit(1)

    signal.signal(signal.SIGUSR1, say_tasks)
    faulthandler.register(signal.SIGUSR1, file=file, chain=True)


def files_of(items: list[pytest.Item]) -> Iterator[Places]:
    """The places of the tests of each file, in the order of the files' first tests."""
    places: dict[Path, Places] = {}
    for place, item in enumerate(items):
        places.setdefault(item.path, []).append(place)
    yield from places.values()
