"""Python holds up no packet: no thread that computes, no collection, no command that waits for either.

The peer is another process, for this one has its interpreter occupied.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vtp import _rtp_fast as fast

ROOT = Path(__file__).resolve().parents[2]
CHECKS = 60
LIMIT_S = 0.6
"""For one check to be answered; the interpreter is occupied for longer at a time."""
OCCUPIED_S = 2.0
PEER = f"""
import os, socket, sys, time
from vtp import _rtp_fast as fast
port, ufrag, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
peer = socket.socket(type=socket.SOCK_DGRAM)
peer.connect(("127.0.0.1", port))
peer.settimeout({LIMIT_S})
late = 0
for _ in range({CHECKS}):
    peer.send(fast.write_stun_request(os.urandom(12), f"{{ufrag}}:peer".encode(), password.encode()))
    try:
        peer.recv(2048)
    except TimeoutError:
        late += 1
    time.sleep(0.02)
print(late)
"""


@contextmanager
def occupied_interpreter() -> Iterator[None]:
    """A thread computes and gives the interpreter up once a second only."""
    ending = False

    def compute() -> None:
        while not ending:
            sum(range(1000))

    usual = sys.getswitchinterval()
    sys.setswitchinterval(OCCUPIED_S)
    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        ending = True
        sys.setswitchinterval(usual)
        thread.join()


@pytest.fixture
def worker() -> Iterator[fast.Worker]:
    worker = fast.Worker([("127.0.0.1", 0)])
    worker.start()
    yield worker
    worker.close()


def test_packets_do_not_wait_for_commands_that_wait_for_the_interpreter(worker: fast.Worker) -> None:
    ufrag, password = os.urandom(4).hex(), os.urandom(12).hex()
    worker.add_transport(ufrag, password)
    port = str(worker.addresses[0][1])
    with subprocess.Popen(
        [sys.executable, "-c", PEER, port, ufrag, password], cwd=ROOT, stdout=subprocess.PIPE
    ) as peer:
        with occupied_interpreter():
            while peer.poll() is None:
                worker.counters()
                worker.poll_events()
        assert peer.stdout is not None
        assert int(peer.stdout.read()) == 0, f"of {CHECKS} checks so many were answered late"


COLLECTING = """
import gc
from tests.packet_path import PacketPath

path = PacketPath()
for _ in range(50):
    path.peer().connect()
collections = []
gc.callbacks.append(lambda phase, _: collections.append(path.worker.counters()["transports"]))
gc.set_threshold(1)
events = path.worker.poll_events()
stats = [path.worker.transport_stats(peer.transport) for peer in path.peers]
print(len(events) >= 50, len(collections) > 0, gc.isenabled())
"""


def test_no_collection_begins_while_a_command_holds_up_packets() -> None:
    """A collection runs other people's code; here it is a command, which would wait for itself for ever."""
    done = subprocess.run(
        [sys.executable, "-c", COLLECTING], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert done.stdout == "True True True\n", done.stderr
