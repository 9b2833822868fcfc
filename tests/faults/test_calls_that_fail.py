"""The packet path where the system refuses what it hardly ever refuses.

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

size_t no_memory_for;      /* a realloc of so many bytes fails */

void *realloc(void *old, size_t size) {
    static void *(*next)(void *, size_t);
    if (!next) next = dlsym(RTLD_NEXT, "realloc");
    if (size && size == no_memory_for) { errno = ENOMEM; return NULL; }
    return next(old, size);
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
