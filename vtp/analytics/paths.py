"""Where analytics answer: under the version, and where older clients ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from vtp.http.routing import Handler, RouteTable

BASE: Final = "/api/v1/analytics"
OLDER: Final = "/api/analytics"


class Doubled:
    """Declares each route at both places; the older one is in no documentation."""

    def __init__(self, table: RouteTable) -> None:
        self._table = table

    def get(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declares a GET route under both."""
        return self._both(self._table.get, path, options)

    def post(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declares a POST route under both."""
        return self._both(self._table.post, path, options)

    def put(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declares a PUT route under both."""
        return self._both(self._table.put, path, options)

    @staticmethod
    def _both(declare: Any, path: str, options: dict[str, Any]) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            declare(BASE + path, **options)(handler)
            declare(OLDER + path, **{**options, "hidden": True})(handler)
            return handler

        return register
