"""Commands that begin as copies: which they are, and that they are where they were started."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.prepared_commands import ROOT, Command, circumstances, command_of
from tests.server_process import running_server
from vtp.bench.namespace import NamespaceError, private_network

OURS = [sys.executable, "-m", "vtp"]


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([*OURS, "serve"], Command(["serve"])),
        (["env", "-C", "/tmp/a", *OURS, "jobs"], Command(["jobs"], "/tmp/a")),
        (
            ["setpriv", "--pdeathsig", "KILL", "--", "env", "-C", "/tmp/a", *OURS, "serve"],
            Command(["serve"], "/tmp/a", ends_with_us=True),
        ),
        (["env", "--default-signal=INT,HUP", *OURS, "bench"], Command(["bench"], hangs_up=True)),
        ([sys.executable, "-c", "1"], None),
        (["env", "-C", "/tmp/a", "true"], None),
        (["setpriv", "--pdeathsig", "KILL", "--", "janus"], None),
        ("vtp serve", None),
    ],
)
def test_a_command_is_known_in_each_way_that_it_is_started(
    arguments: object, command: Command | None
) -> None:
    assert command_of(arguments) == command


def test_other_folders_of_modules_and_variables_of_the_interpreter_are_other_circumstances() -> None:
    plain = circumstances({})
    assert circumstances({"PYTHONPATH": str(ROOT), "HOME": "/"}) == plain
    assert circumstances({"PYTHONPATH": f"{ROOT}{os.pathsep}/else"}) != plain
    assert circumstances({"PYTHONOPTIMIZE": "1"}) != plain


def test_a_server_is_in_the_network_of_whoever_starts_it(tmp_path: Path) -> None:
    try:
        with private_network():
            here = Path("/proc/thread-self/ns/net").readlink()
            with running_server(tmp_path / "inside") as server:
                prepared = Path(f"/proc/{server.process.pid}/cmdline").read_text()
                assert "prepared_process" in prepared
                assert Path(f"/proc/{server.process.pid}/ns/net").readlink() == here
    except NamespaceError as error:
        pytest.skip(str(error))
    with running_server(tmp_path / "outside") as server:
        assert Path(f"/proc/{server.process.pid}/ns/net").readlink() != here
