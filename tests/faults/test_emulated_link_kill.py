"""An emulator that is killed leaves no namespace, no device and no program; another can begin at once."""

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

from tests.emulated import PORT, arrives, datagrams, emulated_networks
from vtp.bench.net import Link

__all__ = ["emulated_networks"]
OWNER = Path(__file__).with_name("link_owner.py")


def holders(namespace: str) -> list[str]:
    """Everything in /proc that keeps a namespace alive: threads inside, and open descriptors."""
    found = []
    for pattern in ("[0-9]*/task/*/ns/net", "[0-9]*/fd/*"):
        for path in Path("/proc").glob(pattern):
            with contextlib.suppress(OSError):
                if str(path.readlink()) == namespace:
                    found.append(str(path))
    return found


def test_sigkill_leaves_no_namespace_and_no_program() -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, str(OWNER)], stdout=subprocess.PIPE, cwd=root, env={"PYTHONPATH": str(root)}
    ) as owner:
        assert owner.stdout is not None
        told = json.loads(owner.stdout.readline())
        program = Path(f"/proc/{told['program']}")
        assert program.exists()
        assert all(holders(namespace) for namespace in told["namespaces"])
        owner.kill()
    assert owner.returncode == -9
    ends_s = time.monotonic() + 5
    while any(holders(namespace) for namespace in told["namespaces"]) and time.monotonic() < ends_s:
        time.sleep(0.02)
    assert [holders(namespace) for namespace in told["namespaces"]] == [[], []]
    assert not program.exists() or "Z" in (program / "stat").read_text().rpartition(")")[2]
    with Link(1) as link, datagrams(link.a) as near, datagrams(link.b) as far:
        assert arrives(near, far, (link.b.address, PORT))
