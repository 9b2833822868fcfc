"""`python -m vtp` is the `vtp` command."""

from vtp.cli import main

main()
