"""The parts of the packet path: `.pxd` files and `.pxi` files included in `_rtp_fast.pyx`."""
