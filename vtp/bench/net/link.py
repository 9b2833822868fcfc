"""One emulated link between two namespaces."""

from __future__ import annotations

from typing import Any

from vtp.bench.net.direction import Direction
from vtp.bench.net.network import Network, Node
from vtp.bench.net.report import NetworkFigures


class Link:
    """Two nodes, `a` and `b`, and what packets meet there and back. Use it as a context manager."""

    def __init__(
        self,
        seed: int,
        a: str | tuple[str, ...] = ("10.66.0.1/24", "fd66::1/64"),
        b: str | tuple[str, ...] = ("10.66.0.2/24", "fd66::2/64"),
        *,
        there: Direction | None = None,
        back: Direction | None = None,
    ) -> None:
        """`there` is from a to b, `back` from b to a. Several may be open, with the same addresses too."""
        self._network = Network(seed)
        self._addresses = [(one,) if isinstance(one, str) else one for one in (a, b)]
        self._figures = (there, back)
        self.a: Node
        self.b: Node

    def __enter__(self) -> Link:
        """Raises NetworkError, ValueError."""
        self._network.__enter__()
        try:
            there, back = self._figures
            self.a = self._network.add("a", *self._addresses[0], up=there, down=back)
            self.b = self._network.add("b", *self._addresses[1])
        except BaseException:
            self._network.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._network.__exit__()

    def change(self, *, there: dict[str, Any] | None = None, back: dict[str, Any] | None = None) -> None:
        """Changes figures of `Direction` from now on; what is not named stays. Raises ValueError."""
        self.a.change(up=there, down=back)

    def plan(
        self, after_s: float, *, there: dict[str, Any] | None = None, back: dict[str, Any] | None = None
    ) -> None:
        """The same by itself, so many seconds from now."""
        self.a.plan(after_s, up=there, down=back)

    def cut(self) -> None:
        """Nothing passes any more, either way."""
        self.a.cut()

    def restore(self) -> None:
        """Ends a cut."""
        self.a.restore()

    def under_way(self) -> int:
        """Packets that have been read and neither written nor dropped."""
        return self._network.under_way()

    def report(self) -> NetworkFigures:
        """What packets met so far, and whether the run counts."""
        return self._network.report()
