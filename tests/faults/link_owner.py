"""Opens an emulated link, starts a program in it, tells of both, and waits to be killed."""

import json
import signal
from pathlib import Path

from vtp.bench.net import Link

with Link(1) as link:
    program = link.b.place.start(["sleep", "1000"])
    told = {
        "namespaces": [
            node.place.call(lambda: str(Path("/proc/thread-self/ns/net").readlink()))
            for node in (link.a, link.b)
        ],
        "program": program.pid,
    }
    print(json.dumps(told), flush=True)
    signal.pause()
