"""Builds Pebble, Let's Encrypt's test server, for the tests of ACME; says why where it cannot be."""

import asyncio
import sys

from vtp.bench.go_program import build
from vtp.bench.unavailable import Unavailable

PACKAGE = "github.com/letsencrypt/pebble/v2/cmd/pebble"
VERSION = "v2.10.3"


def main() -> None:
    """Takes a blink when it has been built before, in the user's cache."""
    try:
        asyncio.run(build(PACKAGE, VERSION))
    except Unavailable as error:
        print(f"Tests against Pebble will be skipped: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
