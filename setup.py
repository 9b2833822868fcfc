"""Builds the compiled modules: the packet path (`vtp._rtp_fast`), inner loops of recordings, the load client.

Every `vtp/**/_*.pyx` is one extension module, linked with OpenSSL's libcrypto (and, where it is there,
Intel's libipsec-mb). Warnings are errors.
`python setup.py build_ext --inplace --only vtp/_rtp_fast.pyx` builds one of them.
"""

import os
import platform
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

ROOT = Path(__file__).parent
COMPILE_ARGS = ["-O3", "-g1", "-Wall", "-Wextra", "-Werror", "-fno-strict-aliasing"]
# Cython's own generated glue trips these; the code we write does not.
COMPILE_ARGS += ["-Wno-unused-parameter", "-Wno-unused-function", "-Wno-missing-field-initializers"]
COMPILE_ARGS += ["-Wno-cast-function-type"]
# gcc cannot see that parsers fill their struct whenever they answer 0.
COMPILE_ARGS += ["-Wno-maybe-uninitialized"]


HEADERS = ("/usr/include", "/usr/local/include")
# Intel's multi-buffer library makes AES-GCM 3.5 times cheaper than libcrypto; without it libcrypto does.
HAS_IPSEC_MB = platform.machine() == "x86_64" and any(Path(h, "intel-ipsec-mb.h").exists() for h in HEADERS)


def sources() -> list[Path]:
    """The `.pyx` files to build: all of them, or the one named after `--only`."""
    if "--only" in sys.argv:
        at = sys.argv.index("--only")
        only = Path(sys.argv[at + 1])
        del sys.argv[at : at + 2]
        return [only]
    return sorted(path.relative_to(ROOT) for path in (ROOT / "vtp").rglob("_*.pyx"))


def extension(path: Path) -> Extension:
    name = ".".join(path.with_suffix("").parts)
    parts = [str(part) for part in ROOT.glob("vtp/rtp_fast/*.px[di]")] + [
        str(part) for part in path.parent.rglob("*.px[di]")
    ]
    return Extension(
        name,
        [str(path)],
        depends=sorted(set(parts)),
        libraries=["crypto", *(["IPSec_MB"] if HAS_IPSEC_MB else [])],
        define_macros=[("VTP_IPSEC_MB", "1")] if HAS_IPSEC_MB else [],
        extra_compile_args=COMPILE_ARGS,
    )


modules = [extension(path) for path in sources()]
setup(
    ext_modules=cythonize(
        modules,
        language_level=3,
        nthreads=0 if len(modules) == 1 else min(2, os.cpu_count() or 1),
        compiler_directives={
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
            "binding": True,
            "embedsignature": True,
            "freethreading_compatible": False,
        },
        show_all_warnings=False,
    )
)
