"""Tests that are run by copies of the process that has loaded them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.copies import NAME

pytest_plugins = ["pytester"]
CONFTEST = """
import os
import pytest
from tests.copies import Copies

def pytest_configure(config):
    config.pluginmanager.register(Copies(config, 2, 3.0, "SECOND_TRIES" in os.environ))

@pytest.fixture(scope="session")
def lasting(request):
    with open("begun", "a") as file:
        print(os.getpid(), file=file)
    yield os.getpid()
    with open("ended", "a") as file:
        print(os.getpid(), file=file)

@pytest.fixture(scope="module")
def of_file(request):
    yield
    with open("files", "a") as file:
        print(request.node.name, file=file)
"""
GOOD = """
import os
import pytest

@pytest.mark.parametrize("number", range(3))
def test_good(lasting, of_file, tmp_path, number):
    assert lasting == os.getpid()
    assert os.environ["COPY_OF_TESTS"] in tmp_path.parts
"""
MIXED = """
import os
import warnings

def test_fails(lasting, of_file):
    print("said before")
    assert lasting == 0

def test_dies(lasting):
    os._exit(7)

def test_after(lasting, of_file):
    warnings.warn("of another process")
"""


@pytest.fixture
def files(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    monkeypatch.delenv(NAME, raising=False)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_one=GOOD, test_two=GOOD, test_three=GOOD)
    return pytester


def lines(pytester: pytest.Pytester, name: str) -> list[str]:
    return (pytester.path / name).read_text().split()


def test_files_go_to_copies_that_keep_what_their_session_has(files: pytest.Pytester) -> None:
    result = files.runpytest_subprocess()
    result.assert_outcomes(passed=9)
    begun = lines(files, "begun")
    assert 1 <= len(begun) <= 2 and sorted(begun) == sorted(lines(files, "ended"))
    assert str(os.getpid()) not in begun
    assert sorted(lines(files, "files")) == ["test_one.py", "test_three.py", "test_two.py"]
    assert result.ret == pytest.ExitCode.OK


def test_what_fails_or_ends_its_process_is_told_and_the_rest_is_run(files: pytest.Pytester) -> None:
    files.makepyfile(test_mixed=MIXED)
    result = files.runpytest_subprocess()
    result.assert_outcomes(passed=10, failed=2, warnings=1)
    result.stdout.fnmatch_lines_random(
        ["*said before*", "*ended with 7*", "*of another process*", "FAILED test_mixed.py::test_dies*"]
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_what_stands_still_says_where_and_the_rest_is_run(files: pytest.Pytester) -> None:
    files.makepyfile(
        test_standing="""
        import asyncio
        import threading

        def test_a_lock(lasting):
            lock = threading.Lock()
            lock.acquire()
            lock.acquire()

        async def waits_for_nobody():
            await asyncio.Event().wait()

        def test_a_task(lasting):
            asyncio.run(waits_for_nobody())

        def test_after(lasting):
            pass
        """
    )
    result = files.runpytest_subprocess()
    result.assert_outcomes(passed=10, failed=2)
    result.stdout.fnmatch_lines(
        ["*took too long*", "*in test_a_lock", "*took too long*", "*in waits_for_nobody"]
    )
    result.stdout.fnmatch_lines_random(
        ["FAILED test_standing.py::test_a_lock*", "FAILED test_standing.py::test_a_task*"]
    )


def test_a_copy_has_ended_though_what_it_began_goes_on(files: pytest.Pytester) -> None:
    files.makepyfile(
        test_child="""
        import os
        import signal

        def test_leaves_a_child(lasting):
            if not os.fork():
                signal.alarm(60)
                signal.pause()
            os._exit(7)

        def test_after(lasting):
            pass
        """
    )
    result = files.runpytest_subprocess()
    result.assert_outcomes(passed=10, failed=1)
    result.stdout.fnmatch_lines(["*ended with 7*"])


def test_an_end_of_the_session_that_fails_is_a_failure(files: pytest.Pytester) -> None:
    files.makepyfile(
        test_late="""
        import pytest

        @pytest.fixture(scope="session")
        def broken():
            yield
            raise ValueError("too late")

        def test_late(broken):
            pass
        """
    )
    result = files.runpytest_subprocess("test_late.py")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*ValueError: too late*"])


def test_an_end_of_the_session_that_stands_still_is_a_failure(files: pytest.Pytester) -> None:
    files.makepyfile(
        test_late="""
        import threading
        import pytest

        @pytest.fixture(scope="session")
        def waits_for_nobody():
            yield
            threading.Event().wait()

        def test_late(waits_for_nobody):
            pass
        """
    )
    result = files.runpytest_subprocess("test_late.py")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*took too long*", "*in waits_for_nobody"])


BESIDE = """
import os
from pathlib import Path
import pytest

@pytest.fixture
def first_time(request):
    seen = Path(f"seen-{request.node.name}")
    is_first = not seen.exists()
    seen.touch()
    return is_first

def test_lacks_time(first_time):
    print("said the first time" if first_time else "said alone")
    assert not first_time

def test_dies_at_first(first_time):
    if first_time:
        os._exit(7)

def test_is_wrong(first_time):
    assert first_time == "never"

def test_after(lasting):
    pass
"""


def test_what_failed_beside_others_is_tried_alone(
    files: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECOND_TRIES", "1")
    files.makepyfile(test_beside=BESIDE)
    result = files.runpytest_subprocess()
    result.assert_outcomes(passed=12, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*assert False == 'never'*",  # alone
            "*assert True == 'never'*",  # the first time
            "*failed beside others, passed alone: test_beside.py::test_lacks_time*",
            "*said the first time*",
            "*failed beside others, passed alone: test_beside.py::test_dies_at_first*",
            "*ended with 7*",
        ]
    )
    result.stdout.no_fnmatch_line("*passed alone: test_beside.py::test_is_wrong*")
    result.stdout.no_fnmatch_line("said alone")
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_where_many_fail_none_is_tried_again(files: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECOND_TRIES", "1")
    files.makepyfile(
        test_many="""
        import pytest

        @pytest.mark.parametrize("number", range(5))
        def test_many(number):
            with open(f"tried-{number}", "a") as file:
                print("again", file=file)
            assert number < 0
        """
    )
    result = files.runpytest_subprocess("test_many.py")
    result.assert_outcomes(failed=5)
    assert [lines(files, f"tried-{number}") for number in range(5)] == [["again"]] * 5
    result.stdout.no_fnmatch_line("*passed alone*")


def test_an_end_of_the_session_is_not_tried_again(
    files: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECOND_TRIES", "1")
    files.makepyfile(
        test_late="""
        from pathlib import Path
        import pytest

        @pytest.fixture(scope="session")
        def broken():
            yield
            if not Path("seen").exists():
                Path("seen").touch()
                raise ValueError("too late")

        def test_late(broken):
            pass
        """
    )
    result = files.runpytest_subprocess("test_late.py")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*ValueError: too late*"])


def test_nothing_is_run_where_a_file_cannot_be_loaded(files: pytest.Pytester) -> None:
    files.makepyfile(test_broken="import nothing_of_this_name")
    result = files.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    assert result.ret == pytest.ExitCode.INTERRUPTED
