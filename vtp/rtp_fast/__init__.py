"""The parts of the packet path: `.pxd` files of inline functions, `.pxi` files included by `_rtp_fast.pyx`."""
