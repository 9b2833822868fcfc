"""The parts of the packet path: `.pxd` files of inline functions and `.pxi` files included by `vtp/_rtp_fast.pyx`."""
