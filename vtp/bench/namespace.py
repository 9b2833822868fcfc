"""A private network for measuring: a Linux network namespace with `lo` and one more address.

The calling thread moves in for the time of the `with` block, and with it every socket it makes and every
process and thread it starts. A peer of the benchmark can therefore neither be reached from outside nor reach
anything, and vtp is measured over the same path as its peers. Nothing is left behind: a namespace ends
with its last process.
"""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

ADDRESS = "10.77.0.1"
"""Of the namespace. A real interface has it: WebRTC servers gather no candidates on loopback ones."""
_OWN_NAMESPACE = Path("/proc/thread-self/ns/net")
_CLONE_NEWNET = 0x40000000  # linux/sched.h
_COMMANDS = """\
link set lo up
link add bench0 type veth peer name bench1
link set bench0 addrgenmode none
link set bench1 addrgenmode none
address add {address}/32 dev lo
address add {address}/24 dev bench0
link set bench0 up
link set bench1 up
"""


class NamespaceError(Exception):
    """No namespace can be made here; the text is a sentence that says why."""


@contextlib.contextmanager
def private_network(address: str = ADDRESS) -> Iterator[str]:
    """Moves the calling thread into a new network namespace that has `address` (IPv4), which it gives.

    What goes to the address stays in the kernel: its packets take the loopback path. `lo` has the address
    too, and first: only then does Linux remember the route to it, as it remembers routes to other machines.
    Threads that run already stay outside. Raises NamespaceError.
    """
    outside = current_network()
    try:
        leave_for_new_network()
        try:
            _set_up(address)
            yield address
        finally:
            enter_network(outside)
    finally:
        os.close(outside)


def current_network() -> int:
    """A descriptor of the calling thread's namespace; the caller closes it."""
    return os.open(_OWN_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)


def leave_for_new_network() -> None:
    """Moves the calling thread into a namespace without any network. Raises NamespaceError."""
    _call("unshare", _CLONE_NEWNET)


def enter_network(namespace: int) -> None:
    """Moves the calling thread into the namespace of a descriptor. Raises NamespaceError."""
    _call("setns", namespace, _CLONE_NEWNET)


def _call(name: str, *arguments: int) -> None:
    """`unshare(2)` or `setns(2)`: Python has them from 3.12 on only."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) < 0:
        reason = os.strerror(ctypes.get_errno())
        raise NamespaceError(
            f"The system gives no network namespace ({reason}): run as root, or with CAP_SYS_ADMIN."
        )


def _set_up(address: str) -> None:
    commands = _COMMANDS.format(address=address)
    try:
        done = subprocess.run(["ip", "-batch", "-"], input=commands, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise NamespaceError("`ip` is missing: install the package iproute2.") from error
    if done.returncode:
        raise NamespaceError(f"The namespace got no network: {done.stderr.strip()}.")
