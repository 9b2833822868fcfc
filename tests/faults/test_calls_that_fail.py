"""The packet path where the system refuses what it hardly ever refuses: memory, and room in a socket.

A library in front of the system's makes single calls fail; each case runs in a process of its own.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAILING = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

size_t no_memory_for;      /* a realloc of so many bytes fails */
int full_for;              /* so many calls of sendmsg find the socket full */
int refuses_runs;          /* sendmmsg does */

void *realloc(void *old, size_t size) {
    static void *(*next)(void *, size_t);
    if (!next) next = dlsym(RTLD_NEXT, "realloc");
    if (size && size == no_memory_for) { errno = ENOMEM; return NULL; }
    return next(old, size);
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    static ssize_t (*next)(int, const struct msghdr *, int);
    if (!next) next = dlsym(RTLD_NEXT, "sendmsg");
    if (full_for > 0) { full_for--; errno = EAGAIN; return -1; }
    return next(fd, message, flags);
}
int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags) {
    static int (*next)(int, struct mmsghdr *, unsigned int, int);
    unsigned int plain = 0;
    if (!next) next = dlsym(RTLD_NEXT, "sendmmsg");
    while (plain < count && !messages[plain].msg_hdr.msg_controllen) plain++;
    if (refuses_runs && !plain) { errno = EMSGSIZE; return -1; }
    return next(fd, messages, refuses_runs ? plain : count, flags);
}
"""
NO_MEMORY_FOR_A_CONSUMER = """
import ctypes, sys
import pytest
from tests.packet_path import PacketPath, VideoPublisher, add_viewer

failing = ctypes.c_size_t.in_dll(ctypes.CDLL(None), "no_memory_for")
path = PacketPath()
publisher, other = VideoPublisher(path), VideoPublisher(path, ssrc=7)
viewer, consumer = add_viewer(path)
failing.value = 64
with pytest.raises(MemoryError):
    path.worker.set_consumer_source(consumer, publisher.producer)
with pytest.raises(MemoryError):
    add_viewer(path, publisher.producer)
failing.value = 0
assert path.worker.counters()["consumers"] == 1
path.worker.set_consumer_source(consumer, other.producer)
other.frame(key=True)
failing.value = 64
with pytest.raises(MemoryError):
    path.worker.set_consumer_source(consumer, publisher.producer)
failing.value = 0
other.frame()
assert len(viewer.rtp) == 2, "what it was shown before goes on"
path.worker.set_consumer_source(consumer, publisher.producer)
publisher.frame(key=True)
assert len(viewer.rtp) == 3
"""
NO_MEMORY_FOR_A_KEY = """
import ctypes
from tests.packet_path import PacketPath, VideoPublisher, VIEWER_EXTENSIONS
from vtp import _rtp_fast as fast

failing = ctypes.c_size_t.in_dll(ctypes.CDLL(None), "no_memory_for")
path = PacketPath()
publisher = VideoPublisher(path)
viewer = path.peer()
path.worker.add_consumer(
    viewer.transport, kind="video", mid="1", ssrc=5, rtx_ssrc=6, cname="vtp",
    codecs=[(fast.CODEC_VP8, 120, 121)], extensions={}, producer=publisher.producer,
)
viewer.check()
failing.value = 16
viewer.key()
failing.value = 0
publisher.frame(key=True)
assert not viewer.rtp, "this test is about nothing"
path.advance(500)
assert len(viewer.rtp) == 1
publisher.frame()
assert len(viewer.rtp) == 2
"""
FULL_SOCKET = """
import ctypes
from tests.packet_path import VideoPublisher, add_viewer
from tests.socket_path import SocketPath

library = ctypes.CDLL(None)
full_for, refuses_runs = (ctypes.c_int.in_dll(library, name) for name in ("full_for", "refuses_runs"))
path = SocketPath()
publisher = VideoPublisher(path)
publisher.frame(key=True)
viewers = [add_viewer(path, publisher.producer)[0] for _ in range(2)]
publisher.frame()
refuses_runs.value = 1
full_for.value = {full_for}
before = [len(viewer.rtp) for viewer in viewers]
path.burst(publisher, [1000, 1000, 1000])
refuses_runs.value = full_for.value = 0
counters = path.worker.counters()
print(
    *(len(viewer.rtp) - count for viewer, count in zip(viewers, before)),
    counters["send_would_block"], counters["send_dropped"],
)
path.close()
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("failing")
    source, library = folder / "failing.c", folder / "failing.so"
    source.write_text(FAILING)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


def run(library: Path, script: str) -> str:
    preloaded = f"{os.environ.get('LD_PRELOAD', '')} {library}".strip()
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"LD_PRELOAD": preloaded},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_consumer_that_there_is_no_memory_for_is_refused_and_nothing_changes(library: Path) -> None:
    run(library, NO_MEMORY_FOR_A_CONSUMER)


def test_a_viewer_whose_keys_there_was_no_memory_for_gets_its_picture_later(library: Path) -> None:
    run(library, NO_MEMORY_FOR_A_KEY)


def test_a_full_socket_is_waited_for_in_the_midst_of_a_refused_run(library: Path) -> None:
    assert run(library, FULL_SOCKET.format(full_for=1)).split() == ["3", "3", "1", "0"]


def test_a_socket_that_stays_full_drops_what_is_left_and_counts_it(library: Path) -> None:
    assert run(library, FULL_SOCKET.format(full_for=2)).split() == ["0", "0", "1", "6"]
