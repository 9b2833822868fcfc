"""`scripts/setup.sh` leaves nothing running, however it ends: a package manager that is cut off, or runs on
alone, spoils the next run. What it calls is played by scripts that wait until they are let on.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.server_process import ROOT

FOUND = "#!/bin/sh\nexit 0\n"
PROGRAMS = {
    "bin/dpkg": "#!/bin/sh\necho other\n",
    # what builds is there, what tests need is not
    "bin/dpkg-query": '#!/bin/sh\nfor last; do :; done\n[ "$last" = nftables ] || echo installed\n',
    "bin/sudo": '#!/bin/sh\nexec "$@"\n',
    "bin/apt-get": '#!/bin/sh\necho apt >begun\nread -r _ <apt.gate\necho "$1" >>apt.ended\n',
    "scripts/build-native.sh": "#!/bin/sh\necho build >begun\nread -r _ <build.gate\nexit 1\n",
    ".venv/bin/python": FOUND,
    "requirements/base.lock": "",
    "requirements/build.lock": "",
    "requirements/dev.lock": "",
    "scripts/build-web.sh": FOUND,
}


class Checkout:
    """One in which nothing is set up. Its gates are open for reading too: nobody waits to pass one."""

    def __init__(self, folder: Path) -> None:
        for name, text in PROGRAMS.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(0o755)
        for name in ("setup.sh", "system-packages.sh"):
            shutil.copy(ROOT / "scripts" / name, folder / "scripts" / name)
        self.folder = folder
        self._gates = {name: _gate(folder / name) for name in ("begun", "apt.gate", "build.gate")}
        self.setup = subprocess.Popen(
            ["bash", "scripts/setup.sh", "test"],
            cwd=folder,
            env={**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._patience = threading.Timer(60, self._end)
        self._patience.start()

    def until_both_work(self) -> None:
        begun = set[bytes]()
        while begun != {b"apt", b"build"}:
            begun |= set(os.read(self._gates["begun"], 100).split())

    def let(self, name: str) -> None:
        os.write(self._gates[name], b"\n")

    def until_it_waits(self) -> None:
        assert self.setup.stderr is not None
        assert any("Waiting for what still runs" in line for line in self.setup.stderr)

    @property
    def packages(self) -> list[str]:
        """What of the package manager's work is done."""
        done = self.folder / "apt.ended"
        return done.read_text().split() if done.exists() else []

    def _end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.setup.pid, signal.SIGKILL)

    def close(self) -> None:
        self._patience.cancel()
        self._end()
        self.setup.communicate()
        for gate in self._gates.values():
            os.close(gate)


def _gate(path: Path) -> int:
    os.mkfifo(path)
    return os.open(path, os.O_RDWR)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    made = Checkout(tmp_path)
    yield made
    made.close()


def test_what_fails_waits_for_the_packages_that_are_being_installed(checkout: Checkout) -> None:
    checkout.until_both_work()
    checkout.let("build.gate")
    checkout.until_it_waits()
    assert not checkout.packages
    for _ in range(2):
        checkout.let("apt.gate")
    assert checkout.setup.wait() == 1
    assert checkout.packages == ["update", "install"]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_who_is_interrupted_waits_too(checkout: Checkout, sign: signal.Signals) -> None:
    checkout.until_both_work()
    checkout.setup.send_signal(sign)
    checkout.let("build.gate")
    checkout.until_it_waits()
    checkout.setup.send_signal(sign)
    for _ in range(2):
        checkout.let("apt.gate")
    assert checkout.setup.wait() == 128 + sign
    assert checkout.packages == ["update", "install"]
