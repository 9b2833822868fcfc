"""Builds versitygw, an S3 server over a folder, for the tests of object storage; says why where it cannot be.

It takes some minutes, so `make test` does not: `make test-long` does, and whoever runs this once.
"""

import asyncio
import sys

from vtp.bench.go_program import build
from vtp.bench.unavailable import Unavailable

PACKAGE = "github.com/versity/versitygw/cmd/versitygw"
VERSION = "v1.8.0"


def main() -> None:
    """Takes a blink when it has been built before, in the user's cache."""
    try:
        asyncio.run(build(PACKAGE, VERSION))
    except Unavailable as error:
        print(f"Tests against an S3 server will be skipped: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
