"""A TUN device: what programs of a namespace send comes out of a descriptor, and goes in there too."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterable
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from pathlib import Path

from vtp.bench.net.place import NetworkError, Place

DEVICE = "vtp0"
MTU = 1500
QUEUE_PACKETS = 10_000
"""That the kernel keeps for the emulator before it drops them unseen: 2 s of 50 Mbit/s."""
_CLONE = "/dev/net/tun"
_TUNSETIFF = 0x400454CA  # linux/if_tun.h, as IFF_TUN and IFF_NO_PI
_IFF_TUN = 0x0001
_IFF_NO_PI = 0x1000
_UP = f"""\
link set lo up
link set {DEVICE} mtu {MTU} txqueuelen {QUEUE_PACKETS}
link set {DEVICE} addrgenmode none
link set {DEVICE} up
"""
_LOCAL_WAIT_S = 10.0
_EVERYTHING = {4: "0.0.0.0/0", 6: "::/0"}

Interface = IPv4Interface | IPv6Interface


class Tun:
    """The one device of a place, with its addresses; all that is not local goes there."""

    def __init__(self, place: Place, addresses: Iterable[str]) -> None:
        """`addresses` are like "10.66.0.2/24" or "fd66::2/64". Raises NetworkError, ValueError."""
        self.addresses: list[Interface] = [ip_interface(address) for address in addresses]
        self._place = place
        self.fd = place.call(_open)
        try:
            place.ip(_UP + "".join(map(_add, self.addresses)) + _routes(self.addresses))
            place.call(_await_local, self.addresses)
        except NetworkError:
            self.close()
            raise

    def move(self, addresses: Iterable[str]) -> None:
        """Gives the device these addresses instead, as when a phone goes from one network to another."""
        new = [ip_interface(address) for address in addresses]
        gone = [address for address in self.addresses if address not in new]
        added = [address for address in new if address not in self.addresses]
        removals = "".join(f"address del {address} dev {DEVICE}\n" for address in gone)
        self._place.ip("".join(map(_add, added)) + removals)  # the last address would take the routes along
        self._place.call(_await_local, added)
        self.addresses = new

    def packed(self) -> list[bytes]:
        """The addresses as bytes."""
        return [address.ip.packed for address in self.addresses]

    def dropped(self) -> int:
        """Packets that the kernel dropped because the emulator did not take them in time."""
        return self._place.call(_dropped)

    def close(self) -> None:
        """The device goes too."""
        os.close(self.fd)


def _add(address: Interface) -> str:
    return f"address add {address} dev {DEVICE}{' nodad' if address.version == 6 else ''}\n"


def _routes(addresses: Iterable[Interface]) -> str:
    """All of each family that there is an address of leads to the device."""
    families = sorted({address.version for address in addresses})
    return "".join(f"route add {_EVERYTHING[family]} dev {DEVICE}\n" for family in families)


def _open() -> int:
    try:
        fd = os.open(_CLONE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NetworkError(
            f"{_CLONE} cannot be opened ({error.strerror}): load the module `tun`, and run as root."
        ) from error
    try:
        fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), _IFF_TUN | _IFF_NO_PI))
    except OSError as error:
        os.close(fd)
        raise NetworkError(f"The system gives no TUN device ({error.strerror}): run as root.") from error
    return fd


def _await_local(addresses: Iterable[Interface]) -> None:
    """Until the kernel takes what comes for them. It enters an IPv6 address into its table of routes by and
    by, and drops packets for it until then. Raises NetworkError.
    """
    missing = {address.ip.packed.hex() for address in addresses if address.version == 6}
    until_s = time.monotonic() + _LOCAL_WAIT_S
    while missing := missing - _local_hosts():
        if time.monotonic() > until_s:
            raise NetworkError(f"The system takes nothing for {len(missing)} of its addresses.")
        time.sleep(0.001)


def _local_hosts() -> set[str]:
    """The IPv6 destinations of one address each, as 32 hexadecimal digits (Linux's net/ipv6/route.c)."""
    lines = Path("/proc/thread-self/net/ipv6_route").read_text().splitlines()
    return {line.split()[0] for line in lines if line.split()[1] == "80"}


def _dropped() -> int:
    """The device's column of what was not sent, proc_pid_net(5)."""
    for line in Path("/proc/thread-self/net/dev").read_text().splitlines():
        name, _, values = line.partition(":")
        if name.strip() == DEVICE:
            return int(values.split()[11])
    return 0
