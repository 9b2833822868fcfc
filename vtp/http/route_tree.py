"""All routes as one resource of aiohttp's, found by the parts of a path, one after the other.

aiohttp tries the patterns of all routes that begin alike, in turn: of those of a course, seventy. It makes
them all before the first request, too; here the pattern of a route is made once somebody asks for it. What
matches, and with what, is aiohttp's to say as before.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from aiohttp import hdrs, web
from aiohttp.web_urldispatcher import DynamicResource, PlainResource, Resource
from yarl import URL

AioHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_VARIABLE = re.compile(r"\{[_a-zA-Z][_a-zA-Z0-9]*\}")


@dataclass(slots=True)
class _Endpoint:
    """A path as it is declared, and what answers there by method."""

    path: str
    handlers: dict[str, AioHandler] = field(default_factory=dict)
    made: Resource | None = None

    @property
    def resource(self) -> Resource:
        if self.made is None:
            made = DynamicResource(self.path) if "{" in self.path else PlainResource(self.path)
            for method, handler in self.handlers.items():
                made.add_route(method, handler)
            self.made = made
        return self.made


@dataclass(slots=True)
class _Node:
    """What the paths that begin alike go on with; `variable` for a part that the caller names."""

    parts: dict[str, _Node] = field(default_factory=dict)
    variable: _Node | None = None
    endpoints: list[_Endpoint] = field(default_factory=list)

    def below(self, part: str) -> _Node:
        if not _VARIABLE.fullmatch(part):
            return self.parts.setdefault(part, _Node())
        if self.variable is None:
            self.variable = _Node()
        return self.variable


class RouteTree(web.AbstractResource):
    """To be filled by `add` and registered with an application's router.

    Of two paths that match, the one goes first that names the first part in which they differ.
    """

    def __init__(self) -> None:
        super().__init__()
        self._root = _Node()
        self._endpoints: dict[str, _Endpoint] = {}

    def add(self, method: str, path: str, handler: AioHandler) -> None:
        """`path` in aiohttp's form, of which a part is named or a variable as a whole.

        Raises ValueError for another form, for what is no method, and for a method that the path has already.
        """
        if method not in hdrs.METH_ALL:
            raise ValueError(f"{method} {path} is no method in capital letters")
        endpoint = self._endpoints.get(path)
        if endpoint is None:
            endpoint = self._endpoints[path] = self._place(path)
        if endpoint.made is not None:
            raise ValueError(f"{path} has been asked for already")
        if method in endpoint.handlers:
            raise ValueError(f"Two routes are declared for {method} {path}")
        endpoint.handlers[method] = handler

    def _place(self, path: str) -> _Endpoint:
        first, *parts = path.split("/")
        node = self._root
        for part in parts:
            node = node.below(part)
        variables = [part for part in parts if _VARIABLE.fullmatch(part)]
        if len({*variables}) < len(variables):
            raise ValueError(f"{path} has two variables of one name")
        named = "".join(part for part in parts if not _VARIABLE.fullmatch(part))
        if first or not parts or not re.fullmatch(r"[\w.~-]*", named, re.ASCII):
            raise ValueError(f"{path} is no path of named parts and variables")
        node.endpoints.append(endpoint := _Endpoint(path))
        return endpoint

    def _matching(self, path: str) -> Iterator[_Endpoint]:
        """Of the same parts as `path`, if not of the same characters."""
        first, *parts = path.split("/")
        nodes = [] if first else [self._root]
        for part in parts:
            if not nodes:
                return
            below = [(node.parts.get(part), node.variable if part else None) for node in nodes]
            nodes = [node for pair in below for node in pair if node is not None]
        for node in nodes:
            yield from node.endpoints

    async def resolve(self, request: web.Request) -> tuple[web.UrlMappingMatchInfo | None, set[str]]:
        """aiohttp's: what answers; or None, and the methods that would be answered there."""
        allowed: set[str] = set()
        for endpoint in self._matching(request.rel_url.path_safe):
            found, methods = await endpoint.resource.resolve(request)
            if found is not None:
                return found, methods
            allowed |= methods
        return None, allowed

    def __len__(self) -> int:
        return sum(len(endpoint.handlers) for endpoint in self._endpoints.values())

    def __iter__(self) -> Iterator[web.AbstractRoute]:
        for endpoint in self._endpoints.values():
            yield from endpoint.resource

    @property
    def canonical(self) -> str:
        """Below which the router looks here."""
        return "/"

    def raw_match(self, path: str) -> bool:
        """aiohttp's question whether a route of this path belongs here: `add` alone brings them."""
        return False

    def get_info(self) -> Any:
        """aiohttp's: nothing, as each route's own resource tells."""
        return {}

    def url_for(self, **parts: str) -> URL:
        """Not for a tree, only for a route's own resource: raises RuntimeError."""
        self._refuse()

    def add_prefix(self, prefix: str) -> None:
        """Not for a tree: raises RuntimeError."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise RuntimeError("A tree of routes has many paths")
